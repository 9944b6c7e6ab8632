/** What an error of the SDK says, whichever of its shapes it has. */
export interface S3Failure {
  /** S3's code (`NoSuchKey`), the system's (`ECONNREFUSED`), or the SDK's name of the error. */
  readonly code: string;
  /** Absent where no answer came. */
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** The region the bucket really is in, where the answer tells. */
  readonly bucketRegion: string | undefined;
}

export function failureOf(error: unknown): S3Failure {
  const status = numberAt(error, "$metadata", "httpStatusCode");
  const header = (name: string): string | undefined => textAt(error, "$response", "headers", name);
  return {
    code: systemCodeOf(error) ?? s3CodeOf(error),
    status,
    retryAfterMs: retryAfterMs(header("retry-after")),
    bucketRegion: header("x-amz-bucket-region"),
  };
}

function systemCodeOf(error: unknown): string | undefined {
  const code = textAt(error, "code");
  return code !== undefined && /^[A-Z][A-Z0-9_]+$/u.test(code) ? code : undefined;
}

// A code is a word. What an unknown server puts there may be anything, so nothing else is repeated.
function s3CodeOf(error: unknown): string {
  const code = textAt(error, "Code") ?? textAt(error, "name") ?? "";
  return /^[A-Za-z0-9.]{1,64}$/u.test(code) ? code : "unknown error";
}

/** Retry-After in seconds; the form with a date is not worth a clock here. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/u.test(header) ? Number(header) * 1000 : undefined;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, path);
  return typeof found === "string" ? found : undefined;
}

function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, path);
  return typeof found === "number" ? found : undefined;
}

function at(value: unknown, path: readonly string[]): unknown {
  let found: unknown = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}
