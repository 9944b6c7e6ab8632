import type { ErrorCode } from "@layaway/errors";

import type { ProblemDetail } from "./problem.ts";

/** A refusal that only HTTP knows (no such route, method or archive): its status does not follow from its code. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly ProblemDetail[] | undefined;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    options: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly errors?: readonly ProblemDetail[];
    } = {},
  ) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.code = code;
    this.headers = options.headers ?? {};
    this.errors = options.errors;
  }
}
