import { type Pace, pacedPieces } from "./paced-pieces.ts";

/** Has bodies sent as a pace allows. */
export interface Pacer {
  /**
   * Waits until `bytes` may begin, and then has them sent: `pieces` come as they may leave, until `send` settles. Whoever
   * signs a request does it in `send`, for the wait before may be long. Rejects as `send` does, or with the signal's reason.
   */
  paced<T>(
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
    send: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T>;
}

/** Few share a low limit so that each connection moves: servers break off what stands still (S3: after some 20 s). */
const bodiesAtOnce = 2;

/**
 * A body has its first bytes allowed before its request begins: while a limit of 0 is in force, and behind other bodies, it
 * waits without a connection.
 */
export function createPacer(pace: Pace): Pacer {
  const waiting: (() => void)[] = [];
  let underWay = 0;

  const begin = (signal: AbortSignal): Promise<void> => {
    if (underWay < bodiesAtOnce) {
      underWay += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onTurn = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(onTurn), 1);
        reject(reasonOf(signal));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      waiting.push(onTurn);
    });
  };

  const end = (): void => {
    const next = waiting.shift();
    if (next === undefined) underWay -= 1;
    else next();
  };

  return {
    async paced(bytes, signal, send) {
      const ended = new AbortController();
      const stop = (): void => ended.abort(signal?.reason);
      signal?.addEventListener("abort", stop, { once: true });
      try {
        if (signal?.aborted === true) throw reasonOf(signal);
        await begin(ended.signal);
        try {
          const pieces = pacedPieces(bytes, pace, ended.signal);
          const first = await pieces.next();
          return await send(first.done === true ? pieces : startingWith(first.value, pieces));
        } finally {
          end();
        }
      } finally {
        signal?.removeEventListener("abort", stop);
        // Who still waits for the pace of this body takes nothing any more.
        ended.abort();
      }
    },
  };
}

async function* startingWith(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield first;
  yield* rest;
}

function reasonOf(signal: AbortSignal): unknown {
  return signal.reason;
}
