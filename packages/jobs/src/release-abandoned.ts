import { archiveQueue, keysOf, webhookQueue } from "./keys.ts";
import { connectRedis, producerOptions } from "./redis-connection.ts";

/**
 * Lets jobs whose workers are dead be taken at once, and not when their locks have run out. Only for a queue that nobody
 * works off at this moment.
 *
 * BullMQ's own check finds them: at its next run, which is a worker's start, it gives back jobs that are marked as possibly
 * stalled and have no lock (`moveStalledJobsToWait`). It counts the crash, which a job that is handed back would not.
 * Should a later BullMQ name its keys otherwise, nothing is lost: jobs then wait for their locks as before.
 */
export async function releaseAbandoned(redisUrl: string, prefix?: string): Promise<void> {
  const keys = keysOf(prefix);
  const { client } = await connectRedis(redisUrl, producerOptions, () => {});
  try {
    for (const queue of [archiveQueue, webhookQueue]) {
      const key = (name: string): string => `${keys.prefix}:${queue}:${name}`;
      const ids = await client.lrange(key("active"), 0, "-1");
      if (ids.length === 0) continue;
      await client.sadd(key("stalled"), ...ids);
      await client.del(key("stalled-check"), ...ids.map((id) => key(`${id}:lock`)));
    }
  } finally {
    client.disconnect();
  }
}
