import { CancelledError, InternalError, LayawayError } from "@layaway/errors";
import type { Descriptor } from "@layaway/oci";
import { mostDiscardedBytes } from "@layaway/outbound";

import { abortable } from "./abortable.ts";
import { type Filled, fillFrom } from "./blob-body.ts";
import { brokenBody, overlongBody } from "./blob-failures.ts";
import type { BlobReader, ReadOptions, Reserve, WindowTiming } from "./blob-reader.ts";
import type { BlobRequests } from "./blob-requests.ts";
import { createGate, type Gate } from "./gate.ts";
import { type LinkedAbort, linkAbort } from "./linked-abort.ts";
import { createResumeBudget } from "./resume-budget.ts";
import { backOffMs, type RetryPolicy } from "./retry.ts";
import { createSequentialBody, type SequentialBody } from "./sequential-body.ts";

export interface BlobReaderOptions {
  readonly blob: Descriptor;
  readonly requests: BlobRequests;
  readonly reserve: Reserve | undefined;
  readonly retries: RetryPolicy;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly readAtLatestMs: number | undefined;
  readonly onWindow: (timing: WindowTiming) => void;
}

/** Whether the registry serves ranges. Not known before the first answer. */
type Mode =
  | { readonly kind: "unsettled" }
  | { readonly kind: "ranges" }
  | { readonly kind: "sequential"; readonly body: SequentialBody };

interface Attempt {
  readonly asked: ReadOptions;
  readonly onSettled: () => void;
  /** Whether the bytes before were fetched already. */
  readonly startsOver: boolean;
  /** Whether Range was ignored for this window before. */
  readonly wasIgnored: boolean;
}

type TakenOnce =
  /** `bytes` is less than was wanted where the lease was smaller, or was revoked. */
  | { readonly kind: "taken"; readonly bytes: number }
  | Extract<Filled, { readonly kind: "short" }>
  | { readonly kind: "ignored" }
  | Extract<Mode, { readonly kind: "sequential" }>;

/**
 * Reads a blob in windows, each its own Range request: a body is never stalled, and what breaks is gone on with at the same
 * byte. The first read finds out whether Range is honoured, and the others wait for that; where it is ignored, the one
 * body that came serves all windows in order, and nothing is fetched twice.
 */
export function createBlobReader(options: BlobReaderOptions): BlobReader {
  const { blob, requests, reserve, retries, now, onWindow } = options;
  const closing = new AbortController();
  let mode: Mode = { kind: "unsettled" };
  let scouting: Gate | undefined;

  const read = async (into: Uint8Array, offset: number, asked: ReadOptions): Promise<void> => {
    for (;;) {
      if (mode.kind === "sequential") return mode.body.read(into, offset, asked);
      if (mode.kind === "ranges" || into.length === blob.size) return readWindow(into, offset, asked);
      if (scouting === undefined) return scout(into, offset, asked);
      await abortable(scouting.opened, asked.signal);
    }
  };

  const scout = async (into: Uint8Array, offset: number, asked: ReadOptions): Promise<void> => {
    const gate = createGate();
    const settle = (): void => {
      scouting = undefined;
      gate.open();
    };
    scouting = gate;
    try {
      await readWindow(into, offset, asked, settle);
    } finally {
      if (scouting === gate) settle();
    }
  };

  const readWindow = async (
    into: Uint8Array,
    offset: number,
    asked: ReadOptions,
    onSettled: () => void = () => {},
  ): Promise<void> => {
    const budget = createResumeBudget();
    let wasIgnored = false;
    for (let done = 0; ;) {
      const rest = into.subarray(done);
      const at = offset + done;
      const startedAt = now();
      const taken = await readOnce(rest, at, { asked, onSettled, startsOver: done > 0, wasIgnored });
      if (taken.kind === "taken") {
        done += taken.bytes;
        if (done === into.length) return;
        continue;
      }
      if (taken.kind === "sequential") return taken.body.read(rest, at, asked);
      wasIgnored ||= taken.kind === "ignored";
      const bytes = taken.kind === "short" ? taken.bytes : 0;
      const failure = brokenBody(taken.kind === "short" ? taken.failure : undefined, blob, at + bytes);
      const failures = budget.spend(bytes, now() - startedAt);
      if (failures === undefined || !(failure instanceof LayawayError) || !failure.retryable) throw failure;
      done += bytes;
      if (failures > 0) await retries.sleep(backOffMs(failures, retries.random), asked.signal);
    }
  };

  /** One lease, one request, and what of its body came. */
  const readOnce = async (into: Uint8Array, offset: number, attempt: Attempt): Promise<TakenOnce> => {
    const stops = [attempt.asked.signal, closing.signal];
    if (reserve === undefined) return take(into, offset, attempt, linkAbort(stops));
    const waiting = linkAbort(stops);
    const lease = await reserve(into.length, waiting.signal).finally(() => waiting.release());
    let movedBytes = 0;
    const link = linkAbort([...stops, lease.revoked]);
    try {
      const place = into.subarray(0, lease.sizeBytes);
      const onBytes = (sizeBytes: number): void => {
        movedBytes += sizeBytes;
        attempt.asked.onBytes?.(sizeBytes);
      };
      const taken = await take(place, offset, { ...attempt, asked: { ...attempt.asked, onBytes } }, link);
      // The one body is paid for as it is read; its first stretch is paid by this lease.
      if (taken.kind === "sequential") movedBytes = lease.sizeBytes;
      if (taken.kind === "ignored") movedBytes = Math.min(mostDiscardedBytes, blob.size);
      const isCut = taken.kind === "short" && lease.revoked.aborted;
      return isCut ? { kind: "taken", bytes: taken.bytes } : taken;
    } catch (error) {
      if (!lease.revoked.aborted || stops.some((signal) => signal.aborted)) throw error;
      return { kind: "taken", bytes: 0 };
    } finally {
      lease.end(movedBytes);
    }
  };

  const take = async (
    into: Uint8Array,
    offset: number,
    { asked, onSettled, startsOver, wasIgnored }: Attempt,
    link: LinkedAbort,
  ): Promise<TakenOnce> => {
    try {
      const { kind, by, response } = await requests.ask({ offset, length: into.length }, link.signal);
      const { firstByteMs } = response;
      if (kind === "whole" && mode.kind === "ranges" && !wasIgnored) {
        // A CDN that serves ranges, mostly (kubernetes/registry.k8s.io#333): asked once more, by way of the registry.
        response.discard();
        requests.forgetPlace();
        return { kind: "ignored" };
      }
      if (kind === "whole") {
        if (mode.kind === "sequential") response.discard();
        else {
          const first = { response, by, link, paidBytes: into.length, startsOver };
          mode = { kind: "sequential", body: createSequentialBody({ ...options, first }) };
        }
        onWindow({ by, firstByteMs, failed: false, bytes: 0 });
        onSettled();
        return mode;
      }
      if (response.status === 206 && mode.kind === "unsettled") mode = { kind: "ranges" };
      onSettled();
      const filled = await fillFrom(response, into, asked.onBytes ?? (() => {}));
      if (filled.kind === "overlong") throw overlongBody(blob);
      const bytes = filled.kind === "short" ? filled.bytes : into.length;
      // What we broke off ourselves tells nothing of the source.
      if (!link.signal.aborted) onWindow({ by, firstByteMs, failed: filled.kind === "short", bytes });
      return filled.kind === "short" ? filled : { kind: "taken", bytes: into.length };
    } finally {
      link.release();
    }
  };

  return {
    async read(into, offset, asked) {
      checkWindow(blob, into, offset);
      if (into.length === 0) return;
      try {
        if (asked.signal.aborted || closing.signal.aborted)
          throw new CancelledError(`blob ${blob.digest}: not read`);
        await read(into, offset, asked);
      } catch (error) {
        if (error instanceof LayawayError || !(asked.signal.aborted || closing.signal.aborted)) throw error;
        throw new CancelledError(`blob ${blob.digest}: reading was stopped`, { cause: error });
      }
    },
    close() {
      closing.abort();
      if (mode.kind === "sequential") mode.body.close();
    },
  };
}

function checkWindow(blob: Descriptor, into: Uint8Array, offset: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && offset + into.length <= blob.size) return;
  throw new InternalError(`blob ${blob.digest}: no ${into.length} bytes at ${offset}, it has ${blob.size}`);
}
