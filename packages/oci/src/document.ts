import type { z } from "zod";

import { sha256Of } from "./digest.ts";
import { MalformedImageError } from "./errors.ts";

/** Manifests, indexes and configs each: containers/image `internal/iolimits/iolimits.go` (after CVE-2020-1702). */
export const maxManifestBytes: number = 4 * 1024 * 1024;

/** What a document is, for messages. */
type DocumentKind = "manifest" | "image config";

/** Reads bounded UTF-8 JSON that is an object. Throws `MalformedImageError`. */
export function parseDocument(bytes: Uint8Array, kind: DocumentKind): Readonly<Record<string, unknown>> {
  if (bytes.length > maxManifestBytes) {
    throw new MalformedImageError(
      `${kind} of ${bytes.length} bytes: at most ${maxManifestBytes} are allowed`,
    );
  }
  const parsed = parseJson(bytes, kind);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new MalformedImageError(`${nameOf(bytes, kind)}: not a JSON object`);
  }
  return { ...parsed };
}

/** Holds a document against its schema. The message names the first field that breaks it, never a value. */
export function checkDocument<T>(
  schema: z.ZodType<T>,
  document: unknown,
  bytes: Uint8Array,
  kind: DocumentKind,
): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? "document" : issue.path.map(String).join(".");
  throw new MalformedImageError(
    `${nameOf(bytes, kind)}: ${path.slice(0, 200)} is not as it must be (${issue?.code ?? "invalid"})`,
  );
}

/** Names a document by what it is and what its bytes hash to. */
export function nameOf(bytes: Uint8Array, kind: DocumentKind): string {
  return `${kind} ${sha256Of(bytes)}`;
}

/** Other people's text for a one-line message. */
export function printable(text: string): string {
  return text.slice(0, 100).replace(/[^\x21-\x7e]/g, "?");
}

function parseJson(bytes: Uint8Array, kind: DocumentKind): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new MalformedImageError(`${nameOf(bytes, kind)}: not JSON`);
  }
}
