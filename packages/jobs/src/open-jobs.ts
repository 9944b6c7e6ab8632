import { LayawayError } from "@layaway/errors";
import { Queue } from "bullmq";

import { createCatalogue } from "./catalogue.ts";
import { claimRequest, releaseClaim } from "./claims.ts";
import type { Jobs } from "./jobs.ts";
import { archiveQueue, keysOf, webhookQueue } from "./keys.ts";
import { listArchives } from "./list-archives.ts";
import { queueFigures } from "./queue-figures.ts";
import { connectRedis, producerOptions, redisError } from "./redis-connection.ts";
import { archiveJobOptions, webhookJobId, webhookJobOptions } from "./job-options.ts";

export interface JobsOptions {
  /** `redis://`, `rediss://` or `unix:///path/redis.sock`. */
  readonly redisUrl: string;
  /** Deployments that share one Redis differ in it; `layaway` unless given. Letters, digits, `-` and `_`. */
  readonly prefix?: string | undefined;
  /** Told of every connection error; the connection heals by itself. */
  readonly onError: (error: Error) => void;
}

/**
 * Connects and checks the server. Throws within about 3 s: `InternalError` where Redis is away, `InvalidRequestError`
 * where it is of no use (too old, or it would evict jobs).
 */
export async function openJobs(options: JobsOptions): Promise<Jobs> {
  const keys = keysOf(options.prefix);
  const { client, place } = await connectRedis(options.redisUrl, producerOptions, options.onError);
  const open = (name: string): Queue => {
    const queue = new Queue(name, { connection: client, prefix: keys.prefix });
    // It repeats what the connection says; without a listener that would end the process.
    queue.on("error", () => {});
    return queue;
  };
  const archives = open(archiveQueue);
  const webhooks = open(webhookQueue);
  const catalogue = createCatalogue(client, keys);
  try {
    // A queue whose first look at the server fails keeps that failure for ever: it must not be met by a later outage.
    await Promise.all([archives.waitUntilReady(), webhooks.waitUntilReady()]);
  } catch (error) {
    client.disconnect();
    throw redisError(place, error);
  }

  const asking = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof LayawayError ? error : redisError(place, error);
    }
  };
  return {
    claim: (claim) => asking(() => claimRequest(client, keys, claim)),
    release: (id) => asking(() => releaseClaim(client, keys, id)),
    enqueue: (record) =>
      asking(async () => {
        const archive = await catalogue.create(record);
        // An archive that ended has no job any more, and must not get another one.
        if (archive.finishedAt === undefined) {
          await archives.add("archive", record, {
            ...archiveJobOptions,
            jobId: record.id,
            priority: record.priority,
          });
        }
        return archive;
      }),
    get: (id) => asking(() => catalogue.get(id)),
    list: (query = {}) => asking(() => listArchives(client, keys, query)),
    counts: () => asking(() => catalogue.counts()),
    figures: () =>
      asking(async () => ({
        archives: await queueFigures(archives, await catalogue.oldestAgeMs("queued", Date.now())),
        webhooks: await queueFigures(webhooks),
      })),
    enqueueWebhook: (delivery) =>
      asking(async () => {
        await webhooks.add("deliver", delivery, { ...webhookJobOptions, jobId: webhookJobId(delivery) });
      }),
    ping: () => asking(async () => void (await client.ping())),
    async close() {
      await Promise.allSettled([archives.close(), webhooks.close()]);
      client.disconnect();
    },
  };
}
