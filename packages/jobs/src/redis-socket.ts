import { connect } from "node:net";
import { InternalError } from "@layaway/errors";
import { Redis } from "ioredis";

/** Whether a server listens on a Unix socket. */
export function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}

/** Resolves when the server has loaded its data; throws `InternalError` where it ends or takes too long. */
export async function untilReady(
  path: string,
  ended: Promise<number>,
  timeoutMs: number,
  log: string,
): Promise<void> {
  const client = new Redis({ path, maxRetriesPerRequest: null, retryStrategy: () => 25 });
  // Nobody listens at first.
  client.on("error", () => {});
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    const fail = (what: string): void => reject(new InternalError(`embedded redis ${what}; see ${log}`));
    timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs);
    void ended.then((code) => fail(`ended with ${code}`));
  });
  try {
    await Promise.race([client.ping(), failed]);
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}
