import { startRedis, type RedisServer } from "@layaway/testing";
import { afterAll, beforeAll } from "vitest";

/** One Redis for a test file; tests keep apart by their prefixes. */
export function redisForFile(): { readonly url: () => string; readonly server: () => RedisServer } {
  let server: RedisServer | undefined;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());
  const running = (): RedisServer => {
    if (server === undefined) throw new Error("redis was not started");
    return server;
  };
  return { url: () => running().url, server: running };
}

/** What a test opened, closed in reverse order when it ends. */
export class Opened {
  readonly #closers: (() => Promise<unknown>)[] = [];

  async add<T extends { close(): Promise<unknown> }>(opening: Promise<T>): Promise<T> {
    const thing = await opening;
    this.#closers.unshift(() => thing.close());
    return thing;
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0)) await closer();
  }
}
