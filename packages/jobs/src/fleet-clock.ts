import type { Redis } from "ioredis";

import type { BandwidthOverride } from "./bandwidth.ts";
import { lookScript } from "./bandwidth-scripts.ts";
import { runScript } from "./script.ts";

/** What this process last heard from Redis: its clock, which is everybody's, and what an operator set. */
export interface FleetClock {
  /** Redis' time in milliseconds since 1970; this machine's until Redis was heard. */
  nowMs(): number;
  /** The override in force. */
  override(): BandwidthOverride | undefined;
  /** Told of what a script answered: time in ms, override or '', its end in ms or ''. */
  heard(answer: readonly string[]): void;
  /** Asks Redis; throws what the client throws. */
  look(): Promise<void>;
  /** Asks where the last answer is old; one that does not come leaves things as they were. */
  fresh(): Promise<void>;
  /** Called whenever something was heard; says whether it has to go on hearing. */
  onHeard(listener: () => boolean): void;
  /** Asks Redis again and again, as long as the listener wants it. */
  watch(): void;
  close(): void;
}

/** A change must be in force within a second; a lease that has to be cut for it has a quarter of one to end by itself. */
const freshMs = 300;

export function createFleetClock(client: Redis, state: string): FleetClock {
  let offsetMs = 0;
  let override: BandwidthOverride | undefined;
  let heardAt = Number.NEGATIVE_INFINITY;
  let listener = (): boolean => false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const nowMs = (): number => Date.now() + offsetMs;

  const heard = ([now, rate = "", until = ""]: readonly string[]): void => {
    offsetMs = Number(now) - Date.now();
    heardAt = performance.now();
    override =
      rate === ""
        ? undefined
        : {
            bytesPerSecond: rate === "none" ? undefined : Number(rate),
            ...(until === "" ? {} : { untilMs: Number(until) }),
          };
    watch();
  };

  const watch = (): void => {
    if (!listener() || closed || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      // What was heard a moment ago is as good, and the next look comes soon.
      void (performance.now() - heardAt > freshMs / 2 ? look().catch(() => {}) : Promise.resolve()).then(
        watch,
      );
    }, freshMs);
    timer.unref();
  };

  const look = async (): Promise<void> => {
    const reply = await runScript(client, lookScript, [state], []);
    if (Array.isArray(reply)) heard(reply.map(String));
  };

  const fresh = async (): Promise<void> => {
    if (performance.now() - heardAt > freshMs) await look().catch(() => {});
  };

  return {
    nowMs,
    override() {
      if (override?.untilMs !== undefined && override.untilMs <= nowMs()) override = undefined;
      return override;
    },
    heard,
    look,
    fresh,
    watch,
    onHeard: (next) => {
      listener = next;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
