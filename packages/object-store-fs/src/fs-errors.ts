import { CancelledError, LayawayError } from "@layaway/errors";
import {
  DestinationDeniedError,
  DestinationUnavailableError,
  DestinationUnknownError,
  ObjectConflictError,
  ObjectNotFoundError,
} from "@layaway/object-store";

/** The system's code of an error (`ENOENT`), where it has one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Undefined where the file is not there, or where something on the way to it is no directory. */
export function undefinedIfAbsent(error: unknown): undefined {
  const code = errnoOf(error);
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  throw error;
}

/** Runs one call of the store; whatever the file system throws becomes an error of the contract. */
export async function asStoreCall<T>(
  what: string,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  try {
    if (signal?.aborted === true) throw signal.reason;
    return await call();
  } catch (error) {
    throw storeErrorOf(error, what, signal);
  }
}

export function storeErrorOf(error: unknown, what: string, signal: AbortSignal | undefined): LayawayError {
  if (error instanceof LayawayError) return error;
  if (signal?.aborted === true) return new CancelledError(`${what}: cancelled`, { cause: error });
  const code = errnoOf(error);
  const message = `${what}: ${code ?? "failed"}`;
  const options = { cause: error };
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new DestinationDeniedError(`${message} (may not be written or read)`, options);
    case "ENAMETOOLONG":
      return new DestinationDeniedError(`${message} (the file system takes no name that long)`, options);
    case "EISDIR":
    case "ENOTDIR":
    case "ENOTEMPTY":
    case "EEXIST":
      // Where one key is the folder of another: a bucket can hold both, a directory cannot.
      return new ObjectConflictError(`${message} (a folder and an object want the same name)`, options);
    case "ELOOP":
      return new DestinationDeniedError(`${message} (a symbolic link stands there)`, options);
    case "ENOENT":
      return new ObjectNotFoundError(`${message} (no such object)`, options);
    case undefined:
    default:
      return new DestinationUnavailableError(message, options);
  }
}

/** For a directory which is not there, and whose parent is not there either. */
export function unknownDirectory(directory: string, cause: unknown): DestinationUnknownError {
  return new DestinationUnknownError(`${directory}: no such directory`, { cause });
}
