import type { ArchiveProgress } from "./archive-work.ts";

export interface ProgressWriter {
  report(progress: ArchiveProgress): void;
  /** Drops what was not written yet and waits for what is being written. */
  stop(): Promise<void>;
  /** Writes what was not written yet, and stops. */
  finish(): Promise<void>;
}

/**
 * Writes at most once per interval, one write at a time, always the newest; what a report does not name stays as it was, but
 * for the time that is left: it goes with the rate.
 */
export function createProgressWriter(
  write: (progress: ArchiveProgress) => Promise<unknown>,
  intervalMs: number,
  onError: (error: unknown) => void,
): ProgressWriter {
  let pending: ArchiveProgress | undefined;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const flush = (): void => {
    if (pending === undefined || writing !== undefined || timer !== undefined || stopped) return;
    const progress = pending;
    pending = undefined;
    timer = setTimeout(() => {
      timer = undefined;
      flush();
    }, intervalMs);
    timer.unref();
    writing = writeOne(progress);
  };
  const writeOne = async (progress: ArchiveProgress): Promise<void> => {
    try {
      await write(progress);
    } catch (error) {
      onError(error);
    }
    writing = undefined;
    flush();
  };
  const stop = async (): Promise<void> => {
    stopped = true;
    clearTimeout(timer);
    await writing;
  };
  return {
    report(progress) {
      const { etaMs, ...before } = pending ?? {};
      const keepsEta = etaMs !== undefined && progress.rate === undefined;
      pending = { ...before, ...(keepsEta ? { etaMs } : {}), ...progress };
      flush();
    },
    stop,
    async finish() {
      await stop();
      if (pending !== undefined) await writeOne(pending);
    },
  };
}
