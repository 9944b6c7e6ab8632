import type { Limits } from "@layaway/bandwidth";

import type { Bandwidth } from "./bandwidth.ts";
import { overrideScript } from "./bandwidth-scripts.ts";
import { createFleetClock } from "./fleet-clock.ts";
import { keysOf } from "./keys.ts";
import { connectRedis, producerOptions, redisError } from "./redis-connection.ts";
import { createRedisGovernor } from "./redis-governor.ts";
import { runScript } from "./script.ts";

export interface BandwidthOptions {
  readonly redisUrl: string;
  /** Deployments that share one Redis differ in it. */
  readonly prefix?: string | undefined;
  /** As configured; every process of a deployment has the same. */
  readonly limits: Limits;
  readonly onError: (error: Error) => void;
}

/** Joins the deployment's budget. Throws as `openJobs` does. */
export async function openBandwidth(options: BandwidthOptions): Promise<Bandwidth> {
  const keys = keysOf(options.prefix).bandwidth;
  const { client, place } = await connectRedis(options.redisUrl, producerOptions, options.onError);
  const clock = createFleetClock(client, keys.state);
  const asking = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw redisError(place, error);
    }
  };
  const set = (rate: string, forMs: number | ""): Promise<void> =>
    asking(async () => {
      await runScript(client, overrideScript, [keys.state], [rate, forMs]);
      await clock.look();
    });
  return {
    governor: createRedisGovernor({ client, keys, limits: options.limits, clock }),
    async look() {
      await asking(() => clock.look());
      const override = clock.override();
      return { nowMs: clock.nowMs(), ...(override === undefined ? {} : { override }) };
    },
    override: (bytesPerSecond, forMs) =>
      set(bytesPerSecond === undefined ? "none" : String(bytesPerSecond), forMs ?? ""),
    clearOverride: () => set("", ""),
    async close() {
      clock.close();
      client.disconnect();
    },
  };
}
