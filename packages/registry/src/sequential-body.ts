import { setImmediate as nextTurn } from "node:timers/promises";

import { CancelledError, LayawayError } from "@layaway/errors";
import type { Descriptor } from "@layaway/oci";
import type { OutboundResponse } from "@layaway/outbound";

import { brokenBody, overlongBody } from "./blob-failures.ts";
import type { ReadOptions, Reserve, WindowTiming } from "./blob-reader.ts";
import type { BlobRequests } from "./blob-requests.ts";
import { RangeIgnoredError } from "./errors.ts";
import { type LinkedAbort, linkAbort } from "./linked-abort.ts";
import { createPacedStream, type PacedStream } from "./paced-stream.ts";
import { createResumeBudget } from "./resume-budget.ts";
import { backOffMs, type RetryPolicy } from "./retry.ts";

/** Serves windows from one long body, in order. */
export interface SequentialBody {
  read(into: Uint8Array, offset: number, asked: ReadOptions): Promise<void>;
  close(): void;
}

/** registry-protocol.md, section 6: throwing away without a bound would be quadratic (container-libs#1114). */
const mostDiscardedBytes = 64 * 1024 * 1024;
const mostRestarts = 2;

interface Waiting {
  readonly into: Uint8Array;
  readonly offset: number;
  readonly asked: ReadOptions;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * For registries that ignore Range. Reads wait their turn; the one with the lowest offset from where the body stands is
 * served next. After a break the same byte is asked for again, by Range in case the registry has learnt it meanwhile;
 * where the body starts over, what was there already is read and thrown away, within bounds.
 */
export function createSequentialBody(options: {
  readonly blob: Descriptor;
  readonly requests: BlobRequests;
  readonly reserve: Reserve | undefined;
  readonly retries: RetryPolicy;
  readonly now: () => number;
  readonly readAtLatestMs: number | undefined;
  readonly onWindow: (timing: WindowTiming) => void;
  /** The answer that showed it: its body begins with the blob's first byte. */
  readonly first: {
    readonly response: OutboundResponse;
    readonly by: WindowTiming["by"];
    readonly link: LinkedAbort;
    /** Bytes that were reserved for it. */
    readonly paidBytes: number;
    /** Whether bytes come for a second time. */
    readonly startsOver: boolean;
  };
}): SequentialBody {
  const { blob, requests, retries, now, onWindow, first } = options;
  const waiting: Waiting[] = [];
  let link = first.link;
  let by = first.by;
  let stream: PacedStream | undefined = createPacedStream(first.response, {
    ...options,
    at: 0,
    paidBytes: first.paidBytes,
  });
  let restarts = first.startsOver ? 1 : 0;
  let isServing = false;
  let failed: LayawayError | undefined;

  const serveAll = async (): Promise<void> => {
    isServing = true;
    // Windows that were asked for in the same turn shall all stand in the queue before the first is chosen.
    await nextTurn();
    for (let next = takeNext(); next !== undefined; next = takeNext()) {
      const { signal } = next.asked;
      const onAbort = (): void => link.abort();
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        if (failed !== undefined) throw failed;
        await serve(next);
        next.resolve();
      } catch (error) {
        drop();
        if (error instanceof LayawayError && !(error instanceof CancelledError)) failed = error;
        next.reject(error);
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    }
    isServing = false;
  };

  const takeNext = (): Waiting | undefined => {
    const at = stream?.at ?? 0;
    const inOrder = waiting.toSorted((a, b) => a.offset - b.offset);
    const next = inOrder.find(({ offset }) => offset >= at) ?? inOrder[0];
    if (next !== undefined) waiting.splice(waiting.indexOf(next), 1);
    return next;
  };

  const serve = async ({ into, offset, asked }: Waiting): Promise<void> => {
    const budget = createResumeBudget();
    for (let done = 0; ;) {
      const startedAt = now();
      const source = await streamAt(offset + done, asked.signal);
      const taken = await source.fill(into.subarray(done), offset + done, asked);
      const bytes = taken.kind === "filled" ? into.length - done : taken.bytes;
      if (!link.signal.aborted)
        onWindow({ by, firstByteMs: undefined, failed: taken.kind === "short", bytes });
      if (taken.kind === "filled") {
        if (source.at < blob.size) return;
        if (await source.hasMore()) throw overlongBody(blob);
        stream = undefined;
        return;
      }
      done += taken.bytes;
      drop();
      const failure = brokenBody(taken.failure, blob, offset + done);
      const failures = budget.spend(taken.bytes, now() - startedAt);
      if (failures === undefined || !(failure instanceof LayawayError) || !failure.retryable) throw failure;
      if (failures > 0) await retries.sleep(backOffMs(failures, retries.random), asked.signal);
    }
  };

  /** A stream from which the byte at `position` can be reached. */
  const streamAt = async (position: number, signal: AbortSignal): Promise<PacedStream> => {
    if (signal.aborted) throw new CancelledError(`blob ${blob.digest}: not read`);
    if (stream !== undefined && stream.at <= position && position - stream.at <= mostDiscardedBytes)
      return stream;
    drop();
    link = linkAbort([]);
    const onAbort = (): void => link.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    const answer = await requests
      .ask({ offset: position, length: blob.size - position }, link.signal)
      .finally(() => signal.removeEventListener("abort", onAbort));
    by = answer.by;
    const at = answer.kind === "whole" ? 0 : position;
    if (answer.kind === "whole") restarts += 1;
    if (position - at > mostDiscardedBytes || restarts > mostRestarts) {
      answer.response.discard();
      throw new RangeIgnoredError(
        `blob ${blob.digest}: the registry ignores Range and broke off at byte ${position} of ${blob.size}`,
      );
    }
    stream = createPacedStream(answer.response, { ...options, at, paidBytes: 0 });
    return stream;
  };

  const drop = (): void => {
    if (stream !== undefined) link.abort();
    stream = undefined;
  };

  return {
    read: (into, offset, asked) =>
      new Promise<void>((resolve, reject) => {
        const { signal } = asked;
        const entry: Waiting = {
          into,
          offset,
          asked,
          resolve: () => settle(resolve),
          reject: (error) => settle(() => reject(error)),
        };
        const settle = (then: () => void): void => {
          signal.removeEventListener("abort", onAbort);
          then();
        };
        const onAbort = (): void => {
          const at = waiting.indexOf(entry);
          if (at === -1) return;
          waiting.splice(at, 1);
          reject(new CancelledError(`blob ${blob.digest}: not read`, { cause: signal.reason }));
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.push(entry);
        if (!isServing) void serveAll();
      }),
    close() {
      failed ??= new CancelledError(`blob ${blob.digest}: its reader was closed`);
      link.abort();
    },
  };
}
