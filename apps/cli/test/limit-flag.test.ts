import { Writable } from "node:stream";

import { parseConfig } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, test } from "vitest";

import { openUserSource } from "../src/open-user-source.ts";

describe("--limit", () => {
  test.each([
    ["20MB/s", 20e6],
    ["0", 0],
  ])("%s holds instead of the limit of the file", async (limit, bytesPerSecond) => {
    expect(await rateWith("bandwidth: { limit: 2MB/s }", { limit })).toBe(bytesPerSecond);
  });

  test("that is absent leaves the limit of the file", async () => {
    expect(await rateWith("bandwidth: { limit: 2MB/s }", {})).toBe(2e6);
  });

  test("may be the word auto", async () => {
    await rateWith("", { limit: "auto" });
    await expect(rateWith("", { limit: "automatic" })).rejects.toThrow(InvalidRequestError);
  });
});

async function rateWith(file: string, flags: { readonly limit?: string }): Promise<number | undefined> {
  const nowhere = new Writable();
  const terminal = { env: {}, stdout: nowhere, stderr: nowhere, signal: new AbortController().signal };
  const source = await openUserSource(parseConfig(file, {}), flags, terminal);
  const rate = source.governor.rate();
  await source.close();
  return rate;
}
