import { Writable } from "node:stream";

import { expect, it } from "vitest";

import { run } from "../src/run.ts";

it("a worker that runs alone looks at where its metrics shall be served, before it looks for its queue", async () => {
  let told = "";
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    told += chunk.toString();
    done();
  };
  const terminal = {
    env: { REDIS_URL: "redis://127.0.0.1:1", LAYAWAY_METRICS_PORT: "many" },
    stdout: new Writable({ write: (_chunk, _encoding, done) => done() }),
    stderr: new Writable({ write }),
    signal: new AbortController().signal,
  };
  expect(await run(["worker"], terminal)).toBe(2);
  expect(told).toMatch(/^layaway: invalid_request: LAYAWAY_METRICS_PORT: .*\n$/);
});
