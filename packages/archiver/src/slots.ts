import { CancelledError } from "@layaway/errors";

/** A bounded number of places, given in the order they were asked for. */
export interface Slots<T> {
  take(signal: AbortSignal): Promise<T>;
  give(place: T): void;
}

/** `places` are handed out one at a time: buffers, or mere permissions. */
export function createSlots<T>(places: readonly T[]): Slots<T> {
  const free = [...places];
  const waiting: ((place: T) => void)[] = [];
  return {
    take(signal) {
      if (signal.aborted) return Promise.reject(new CancelledError("stopped while waiting for a slot"));
      const place = free.pop();
      if (place !== undefined) return Promise.resolve(place);
      return new Promise<T>((resolve, reject) => {
        const onPlace = (given: T): void => {
          signal.removeEventListener("abort", onAbort);
          resolve(given);
        };
        const onAbort = (): void => {
          waiting.splice(waiting.indexOf(onPlace), 1);
          reject(new CancelledError("stopped while waiting for a slot"));
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.push(onPlace);
      });
    },
    give(place) {
      const next = waiting.shift();
      if (next === undefined) free.push(place);
      else next(place);
    },
  };
}

/** `count` permissions to do something at the same time. */
export function createPermits(count: number): Slots<true> {
  return createSlots(Array.from({ length: count }, () => true as const));
}
