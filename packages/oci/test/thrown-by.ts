import { LayawayError } from "@layaway/errors";

/** The error that `run` throws; `undefined` where it throws nothing. */
export function thrownBy(run: () => unknown): Error | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof Error
      ? error
      : new Error("something that is no error was thrown", { cause: error });
  }
}

/** What every parse function promises for any input: it returns, or throws an error of ours with one line. */
export function throwsOnlyOurs(run: () => unknown): boolean {
  const error = thrownBy(run);
  if (error === undefined) return true;
  return error instanceof LayawayError && !error.retryable && !error.message.includes("\n");
}
