import { parseReference, sha256Of } from "@layaway/oci";
import { expect, test } from "vitest";

import { createContentCache } from "../src/content-cache.ts";
import { createSingleFlight } from "../src/single-flight.ts";
import { signal } from "./fixture.ts";

const reference = parseReference("r.test/app");
const contentOf = (
  text: string,
): { digest: ReturnType<typeof sha256Of>; bytes: Buffer; contentType: undefined } => {
  const bytes = Buffer.from(text);
  return { digest: sha256Of(bytes), bytes, contentType: undefined };
};

test("a cache throws out what was not used for longest", () => {
  const cache = createContentCache(10);
  const [a, b, c] = ["aaaa", "bbbb", "cccc"].map(contentOf);
  if (a === undefined || b === undefined || c === undefined) throw new Error("three contents");
  cache.put(reference, a);
  cache.put(reference, b);
  cache.put(reference, b);
  expect(cache.get(reference, a.digest)).toBe(a);
  cache.put(reference, c);
  expect([a, b, c].map(({ digest }) => cache.get(reference, digest)?.bytes.toString())).toEqual([
    "aaaa",
    undefined,
    "cccc",
  ]);
});

test("a cache keeps repositories apart", () => {
  const cache = createContentCache(10);
  const content = contentOf("a");
  cache.put(reference, content);
  expect(cache.get(parseReference("r.test/other"), content.digest)).toBeUndefined();
});

test("work that several wait for is done once, and ends when nobody waits any more", async () => {
  const started: AbortSignal[] = [];
  const flight = createSingleFlight<string>((workSignal) => {
    started.push(workSignal);
    return new Promise((_, reject) => workSignal.addEventListener("abort", () => reject(new Error("ended"))));
  });
  const [first, second] = [new AbortController(), new AbortController()];
  const joined = [flight.join(first.signal), flight.join(second.signal)];
  expect(started).toHaveLength(1);
  first.abort();
  await expect(joined[0]).rejects.toMatchObject({ code: "cancelled" });
  expect(started[0]?.aborted).toBe(false);
  second.abort();
  await expect(joined[1]).rejects.toMatchObject({ code: "cancelled" });
  expect(started[0]?.aborted).toBe(true);
  const again = new AbortController();
  const third = flight.join(again.signal);
  expect(started).toHaveLength(2);
  again.abort();
  await expect(third).rejects.toMatchObject({ code: "cancelled" });
});

test("work that fails is begun anew by who comes next", async () => {
  let tries = 0;
  const flight = createSingleFlight(() => {
    tries += 1;
    return tries === 1 ? Promise.reject(new Error("first")) : Promise.resolve(tries);
  });
  await expect(flight.join(signal)).rejects.toThrow("first");
  await expect(flight.join(signal)).resolves.toBe(2);
});
