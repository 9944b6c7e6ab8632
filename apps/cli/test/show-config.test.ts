import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";

import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";

import { run } from "../src/run.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "layaway-config-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

test("layaway config shows a calendar as files have it, and takes again what it shows", async () => {
  const shown = await show(`bandwidth:
  limit: 80MB/s
  calendar: [{ days: "mon,tue,sun", from: 09:00, to: 24:00, limit: 2MB/s }]
  timezone: Asia/Shanghai
`);
  expect(shown).toContain(`bandwidth:
  limit: 80000000
  calendar:
    - days: sun-tue
      from: "09:00"
      to: "24:00"
      limit: 2000000
  timezone: Asia/Shanghai
`);
  const { bandwidth } = parse(shown) as { bandwidth: unknown };
  expect(await show(stringify({ bandwidth }))).toBe(shown);
});

async function show(file: string): Promise<string> {
  const path = join(directory, "layaway.yaml");
  await writeFile(path, file);
  let stdout = "";
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      stdout += chunk.toString();
      done();
    },
  });
  const terminal = { env: {}, stdout: output, stderr: output, signal: new AbortController().signal };
  expect(await run(["config", "--config", path], terminal)).toBe(0);
  return stdout;
}
