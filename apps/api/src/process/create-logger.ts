import { LayawayError } from "@layaway/errors";
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

import { redactLogLine } from "./redact-log.ts";

export interface LoggerOptions {
  /** pino's: `debug`, `info`, `warn`, `error`, `silent`. */
  readonly level: string;
  /** Which part of Layaway writes: `api`, `worker`. */
  readonly part: string;
  /** Standard output unless given. */
  readonly destination?: DestinationStream | undefined;
}

/** JSON lines with times in RFC 3339; every line passes the redactor as a whole. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: { part: options.part },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: describeError },
    hooks: { streamWrite: redactLogLine },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

/** Causes are followed this far; errors of SDKs like to point at each other. */
const deepestCause = 4;

/** Class, code, message and causes, and the stack of what nobody foresaw. Other fields of an error (requests, answers, options of an SDK) stay out. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  // Where an unreachable registry was noticed helps nobody; where something unforeseen happened does.
  const isForeseen = error instanceof LayawayError && error.code !== "internal";
  const hasMore = error.cause !== undefined && depth < deepestCause;
  return {
    type: error.name,
    ...("code" in error ? { code: error.code } : {}),
    message: error.message,
    ...(isForeseen ? {} : { stack: error.stack }),
    ...(hasMore ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}
