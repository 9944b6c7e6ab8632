import type { IncomingMessage, ServerResponse } from "node:http";

import { blobAnswer } from "./blob-answer.ts";
import type { Contents } from "./contents.ts";
import type { FaultScript } from "./faults.ts";
import { bytesAnswer } from "./plain-answers.ts";
import type { RequestLog } from "./request-log.ts";
import { sendAnswer } from "./send-answer.ts";

export interface CdnOptions {
  /** How many requests one signed link serves; any number unless given. */
  readonly requestsPerLink?: number;
  /** How long a signed link is taken, by the registry's clock. */
  readonly lifetimeMs?: number;
  /** The status of a refusal; 403 unless given. Its body is XML, as S3's. */
  readonly refusal?: number;
}

export interface BlobName {
  readonly repository: string;
  readonly digest: string;
}

/**
 * The second origin. As S3 does, it refuses a request that carries both a signed link and an Authorization header.
 */
export interface Cdn {
  /** Path and query of a fresh signed link. */
  linkTo(blob: BlobName): string;
  expireLinks(): void;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

export function createCdn(
  options: CdnOptions,
  parts: {
    readonly contents: Contents;
    readonly script: FaultScript;
    readonly log: RequestLog;
    readonly now: () => number;
  },
): Cdn {
  const links = new Map<string, { blob: BlobName; expiresAt: number; left: number }>();
  let made = 0;

  const isTaken = (signature: string, request: IncomingMessage): boolean => {
    const link = links.get(signature);
    if (link === undefined || link.left === 0 || parts.now() >= link.expiresAt) return false;
    link.left -= 1;
    return request.headers.authorization === undefined;
  };

  return {
    linkTo(blob) {
      made += 1;
      links.set(String(made), {
        blob,
        expiresAt: parts.now() + (options.lifetimeMs ?? Number.POSITIVE_INFINITY),
        left: options.requestsPerLink ?? Number.POSITIVE_INFINITY,
      });
      return `/signed/${blob.digest.slice(-12)}?signature=${made}`;
    },
    expireLinks: () => links.clear(),
    handle(request, response) {
      const entry = parts.log.open("cdn", request, response);
      const fault = parts.script.take({ kind: "cdn", method: entry.method, path: entry.path });
      const signature = new URL(entry.path, "http://cdn").searchParams.get("signature") ?? "";
      const link = links.get(signature);
      const blob = link && parts.contents.blob(link.blob.repository, link.blob.digest);
      const answer =
        isTaken(signature, request) && blob !== undefined
          ? blobAnswer(blob, entry.range, fault.ignoreRange === true)
          : bytesAnswer(options.refusal ?? 403, Buffer.from("<Error><Code>AccessDenied</Code></Error>"));
      void sendAnswer(request, response, answer, fault, entry);
    },
  };
}
