import { type ErrorCode, InternalError } from "@layaway/errors";
import type { Archive } from "@layaway/ledger";
import { z } from "zod";

const text = z.string();
const size = z.number().nonnegative();
/** A code that a newer API may know is passed on as it is. */
const code = z.custom<ErrorCode>((value) => typeof value === "string");

const archive: z.ZodType<Archive> = z.object({
  id: text,
  state: z.enum(["queued", "running", "waiting", "completed", "failed", "cancelled"]),
  image: text,
  digest: text.exactOptional(),
  platform: text,
  destination: text,
  key: text.exactOptional(),
  size: size.exactOptional(),
  bytes: z.object({ total: size, done: size, fetched: size, reused: size }),
  rate: size.exactOptional(),
  etaMs: size.exactOptional(),
  error: z
    .object({
      code,
      message: text,
      side: z.enum(["source", "destination", "internal"]),
      retryable: z.boolean(),
    })
    .exactOptional(),
  labels: z.record(text, text),
  createdAt: text,
  startedAt: text.exactOptional(),
  finishedAt: text.exactOptional(),
});
const page: z.ZodType<{ readonly items: readonly Archive[] }> = z.object({ items: z.array(archive) });
const problem = z.object({ code, detail: text.optional(), title: text.optional() });

/** An archive as the API answered it; throws `InternalError` for anything else. */
export function parseArchive(answer: unknown): Archive {
  return parsed(archive, answer);
}

export function parseArchivePage(answer: unknown): readonly Archive[] {
  return parsed(page, answer).items;
}

/** The problem document of a refusal; `undefined` where the answer is none. */
export function parseProblem(
  answer: unknown,
): { readonly code: ErrorCode; readonly message: string } | undefined {
  const result = problem.safeParse(answer);
  if (!result.success) return undefined;
  return { code: result.data.code, message: result.data.detail ?? result.data.title ?? result.data.code };
}

function parsed<T>(schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new InternalError(
    `the API's answer is not what was expected: ${z.prettifyError(result.error).replaceAll("\n", " ")}`,
  );
}
