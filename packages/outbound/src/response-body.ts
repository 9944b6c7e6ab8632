import type { Dispatcher } from "undici";

import { createThroughputWatch, type ThroughputRule } from "./throughput.ts";
import { transportErrorOf } from "./transport-error-of.ts";
import { TransportError } from "./transport-error.ts";

export interface BodyOptions {
  readonly place: string;
  readonly signal: AbortSignal | undefined;
  readonly throughput: ThroughputRule;
  readonly now: () => number;
}

/** The bytes of a response, for one reader. Every failure is a TransportError. */
export interface ResponseBody {
  /** As they come; leaving the loop early ends the connection. */
  readonly pieces: AsyncIterable<Buffer>;
  /** Hands every piece over while it is in memory that the next one will be read into. `false` ends the connection. */
  readonly each: (take: (piece: Buffer) => boolean) => Promise<void>;
  /** Ends it unread; a short rest is read so that the connection stays usable. */
  readonly discard: () => void;
}

/** What the connection tells of the body. */
export interface BodyFeed {
  /** `bytes` are good for the time of the call only. */
  readonly data: (bytes: Buffer) => void;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

type State =
  | { readonly kind: "open" }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly error: unknown };

type Flow = Pick<Dispatcher.DispatchController, "pause" | "resume" | "abort" | "paused">;

/** So much is kept for a reader that is elsewhere; then the connection stands still. */
const mostKeptBytes = 64 * 1024;
/** What `discard` reads at most. */
export const mostDiscardedBytes: number = 64 * 1024;

/**
 * Between a connection and who reads its body. `each` copies nothing and waits for nothing: what arrives is handed over in
 * the turn it arrives in. Whoever takes pieces one by one gets copies, and the connection pauses while nobody asks.
 */
export function createResponseBody(
  flow: Flow,
  options: BodyOptions,
): ResponseBody & { readonly feed: BodyFeed } {
  const { place, signal, throughput, now } = options;
  const watch = createThroughputWatch(throughput);
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let state: State = { kind: "open" };
  let sink: ((bytes: Buffer) => void) | undefined;
  let wake = (): void => {};

  const keep = (bytes: Buffer): void => {
    const copy = Buffer.from(bytes);
    for (let at = 0; at < copy.length; at += mostKeptBytes) kept.push(copy.subarray(at, at + mostKeptBytes));
    keptBytes += copy.length;
    if (keptBytes >= mostKeptBytes) flow.pause();
  };

  const takeKept = (): Buffer | undefined => {
    const piece = kept.shift();
    keptBytes -= piece?.length ?? 0;
    return piece;
  };

  const settle = (next: State): void => {
    if (state.kind === "open") state = next;
    wake();
  };

  const stop = (error: Error): void => {
    if (state.kind === "open") flow.abort(error);
    settle({ kind: "failed", error });
  };

  /** Waits for the end, or for as much as `wake` is called for. */
  const change = (): Promise<void> => new Promise((resolve) => (wake = resolve));

  const refuseSlow = (waitedMs: number, sizeBytes: number): void => {
    if (watch(waitedMs, sizeBytes) === "fine") return;
    stop(new TransportError("too_slow", `body slower than ${throughput.minBytesPerSecond} bytes per second`));
  };

  const throwFailure = (): void => {
    if (state.kind === "failed") throw transportErrorOf(state.error, place, signal);
  };

  const pieces = async function* (): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        const askedAt = now();
        while (kept.length === 0 && state.kind === "open") {
          if (flow.paused) flow.resume();
          if (kept.length === 0 && state.kind === "open") await change();
        }
        const piece = takeKept();
        if (piece === undefined) throwFailure();
        if (piece === undefined) return;
        refuseSlow(now() - askedAt, piece.length);
        throwFailure();
        yield piece;
      }
    } finally {
      stop(new TransportError("aborted", "its reader left"));
    }
  };

  const each = async (take: (piece: Buffer) => boolean): Promise<void> => {
    let askedAt = now();
    const left = (): void => stop(new TransportError("aborted", "its reader left"));
    for (let piece = takeKept(); piece !== undefined; piece = takeKept()) if (!take(piece)) return left();
    sink = (bytes) => {
      const at = now();
      refuseSlow(at - askedAt, bytes.length);
      askedAt = at;
      if (state.kind === "open" && !take(bytes)) {
        sink = () => {};
        left();
        state = { kind: "ended" };
      }
    };
    if (flow.paused) flow.resume();
    while (state.kind === "open") await change();
    throwFailure();
  };

  return {
    pieces: { [Symbol.asyncIterator]: pieces },
    each,
    discard() {
      const tooMuch = (): void => stop(new TransportError("aborted", "discarded"));
      let leftBytes = mostDiscardedBytes - keptBytes;
      sink = (bytes) => {
        leftBytes -= bytes.length;
        if (leftBytes < 0) tooMuch();
      };
      kept.length = keptBytes = 0;
      if (leftBytes < 0) tooMuch();
      else if (flow.paused) flow.resume();
    },
    feed: {
      data(bytes) {
        if (sink === undefined) keep(bytes);
        else sink(bytes);
        if (sink === undefined) wake();
      },
      end: () => settle({ kind: "ended" }),
      fail: (error) => settle({ kind: "failed", error }),
    },
  };
}

/** The whole body in one piece; throws TransportError `too_large` past `maxBytes`. */
export async function wholeBody(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  place: string,
): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of body) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes)
      throw new TransportError("too_large", `${place}: body has more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, sizeBytes);
}
