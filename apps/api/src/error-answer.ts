import { errorReportOf, LayawayError } from "@layaway/errors";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";

import { HttpError } from "./http-error.ts";
import { problemContentType, type ProblemDetail, problemOf, statusOf } from "./problem.ts";

/** Answers any error as a problem document; what nobody foresaw is logged and told as `internal`. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = refusalOf(error);
  if (refusal.status >= 500) request.log.error({ err: error }, "request failed");
  for (const [name, value] of Object.entries(refusal.headers)) void reply.header(name, value);
  const problem = problemOf(refusal.status, refusal.code, refusal.message, {
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors }),
    requestId: request.id,
  });
  // As a string: a route's response schemas are for its answers, and would refuse to serialise this one.
  void reply.code(refusal.status).type(problemContentType).send(JSON.stringify(problem));
}

function refusalOf(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof LayawayError) {
    return new HttpError(statusFor(error), error.code, error.message, { headers: retryAfter(error) });
  }
  if (isFastifyError(error)) return refusalOfFastify(error);
  const report = errorReportOf(error);
  return new HttpError(500, report.code, report.message);
}

/** An `internal` error that is worth a retry is no defect: Redis is away. */
function statusFor(error: LayawayError): number {
  return error.code === "internal" && error.retryable ? 503 : statusOf[error.code];
}

function retryAfter(error: LayawayError): Record<string, string> {
  if (error.retryAfterMs === undefined) return {};
  return { "retry-after": String(Math.ceil(error.retryAfterMs / 1000)) };
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && "code" in error && typeof error.code === "string" && "statusCode" in error;
}

function refusalOfFastify(error: FastifyError): HttpError {
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error);
  const status = error.statusCode ?? 500;
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new HttpError(413, "too_large", "the body is larger than 64 KiB");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new HttpError(415, "invalid_request", "the body must be application/json");
    // Their own messages quote the body.
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
    case "FST_ERR_CTP_INVALID_JSON_BODY":
      return new HttpError(400, "invalid_request", "the body is not valid JSON");
    default:
      return status < 500
        ? new HttpError(status, "invalid_request", "the request is malformed")
        : new HttpError(500, "internal", errorReportOf(error).message);
  }
}

function invalidRequest(error: Pick<FastifyError, "validationContext" | "validation">): HttpError {
  const errors: readonly ProblemDetail[] = (error.validation ?? []).map((issue) => ({
    path: issue.instancePath.split("/").filter(Boolean).join("."),
    message: issue.message ?? "is not valid",
  }));
  const where = error.validationContext ?? "request";
  const detail = errors
    .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    .join("; ");
  return new HttpError(400, "invalid_request", `${where}: ${detail}`, { errors });
}
