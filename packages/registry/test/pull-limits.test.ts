import { describe, expect, test } from "vitest";

import { RateLimitedError, type RegistryOptions } from "../src/index.ts";
import { createPullAllowance } from "../src/pull-allowance.ts";
import { type Fixture, putImage, signal, startFixture } from "./fixture.ts";

const windowSeconds = 21_600;

interface Counting extends Fixture {
  /** Reads a manifest by digest that was not read before. */
  readonly pull: () => Promise<unknown>;
  /** Method and status of each manifest request so far. */
  readonly asked: () => readonly string[];
  readonly passTime: (ms: number) => void;
}

/** A registry that counts pulls, with `remaining` of 100 left. */
async function startCounting(remaining: number, client: Partial<RegistryOptions> = {}): Promise<Counting> {
  let now = 0;
  let pulled = 0;
  const fixture = await startFixture({
    server: { pulls: { limit: 100, windowSeconds, remaining } },
    client: { now: () => now, ...client },
  });
  const { server, reference } = fixture;
  return {
    ...fixture,
    pull: () => {
      pulled += 1;
      const { digest } = putImage(server, { seed: String(pulled), architecture: `a${pulled}` }).descriptor;
      return fixture.client.fetchManifest(reference(`@${digest}`), { signal });
    },
    asked: () =>
      server.log
        .filter((entry) => entry.kind === "manifest")
        .map(({ method, status }) => `${method} ${status}`),
    passTime: (ms) => {
      now += ms;
    },
  };
}

describe("a registry that counts pulls", () => {
  test("is not asked for another beyond its limit, and is again when there are some", async () => {
    const { server, pull, asked, passTime, slept } = await startCounting(3);
    for (let pulls = 0; pulls < 3; pulls += 1) await pull();
    await expect(pull()).rejects.toBeInstanceOf(RateLimitedError);
    passTime(59_999);
    await expect(pull()).rejects.toMatchObject({
      code: "rate_limited",
      retryable: true,
      retryAfterMs: 216_000,
    });
    expect(asked()).toEqual(["GET 200", "GET 200", "GET 200"]);
    passTime(1);
    await expect(pull()).rejects.toMatchObject({ retryAfterMs: 216_000 });
    expect(asked().slice(3)).toEqual(["HEAD 200"]);
    server.setRemainingPulls(1);
    passTime(60_000);
    await pull();
    await expect(pull()).rejects.toBeInstanceOf(RateLimitedError);
    expect(asked().slice(4)).toEqual(["HEAD 200", "GET 200"]);
    expect(slept).toEqual([]);
  });

  test("tells it by HEAD, before a pull is spent on a tag", async () => {
    const { server, client, reference, asked } = await startCounting(0);
    putImage(server, { tags: ["1"] });
    const fetching = client.fetchManifest(reference(":1"), { signal });
    await expect(fetching).rejects.toBeInstanceOf(RateLimitedError);
    expect(asked()).toEqual(["HEAD 200"]);
  });

  test("is asked for no more pulls at once than are left", async () => {
    const { server, pull, asked } = await startCounting(4);
    await pull();
    let release = (): void => {};
    const until = new Promise<void>((resolve) => (release = resolve));
    server.inject({ on: "manifest", method: "GET", until, times: Infinity });
    const pulls = Promise.allSettled([1, 2, 3, 4, 5].map(pull));
    setImmediate(release);
    const outcomes = (await pulls).map(({ status }) => status);
    expect(outcomes.filter((outcome) => outcome === "fulfilled")).toHaveLength(3);
    expect(asked()).toEqual(["GET 200", "GET 200", "GET 200", "GET 200"]);
  });

  test("is not asked again for what failed and may have been counted", async () => {
    const { server, pull, asked } = await startCounting(2);
    await pull();
    const headers = { "ratelimit-limit": undefined, "ratelimit-remaining": undefined };
    server.inject({ on: "manifest", status: 503, headers });
    await expect(pull()).rejects.toBeInstanceOf(RateLimitedError);
    expect(asked()).toEqual(["GET 200", "GET 503"]);
  });

  test("keeps the pulls of the floor for others", async () => {
    const { pull, asked } = await startCounting(12, { pullFloorFor: () => 10 });
    await pull();
    await pull();
    await expect(pull()).rejects.toBeInstanceOf(RateLimitedError);
    expect(asked()).toEqual(["GET 200", "GET 200"]);
  });

  test("hinders nothing that is known", async () => {
    const { server, client, reference, asked } = await startCounting(1);
    const { digest } = putImage(server, { tags: ["1"] }).descriptor;
    for (const name of [":1", ":1", `@${digest}`]) {
      await client.resolve(reference(name), { platform: undefined, signal });
    }
    expect(asked()).toEqual(["HEAD 200", "GET 200", "HEAD 200"]);
  });

  test("hinders no other registry", async () => {
    const { pull, server, client, reference } = await startCounting(1);
    await pull();
    await expect(pull()).rejects.toBeInstanceOf(RateLimitedError);
    server.setRemainingPulls(1);
    const { digest } = putImage(server, { seed: "elsewhere" }).descriptor;
    const elsewhere = { ...reference(`@${digest}`), registry: server.host.replace("127.0.0.1", "localhost") };
    await expect(client.fetchManifest(elsewhere, { signal })).resolves.toBeDefined();
  });

  test("and says 429 all the same is believed, without five attempts", async () => {
    const { pull, asked } = await startCounting(0);
    await expect(pull()).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 216_000 });
    expect(asked()).toEqual(["GET 429"]);
  });

  test.each([
    {
      what: "that told a limit and does not any more",
      fault: { headers: { "ratelimit-remaining": undefined } },
    },
    { what: "that has no HEAD", fault: { status: 405 } },
  ])("$what is asked as if it had none", async ({ fault }) => {
    const { server, pull, asked, passTime } = await startCounting(1);
    await pull();
    server.setRemainingPulls(9);
    server.inject({ on: "manifest", method: "HEAD", ...fault });
    passTime(60_000);
    await pull();
    expect(asked().at(-1)).toBe("GET 200");
  });
});

test("a number of requests without a window is no number of pulls", async () => {
  const { server, client, reference } = await startFixture();
  putImage(server, { tags: ["1"] });
  server.inject({ on: "manifest", headers: { "ratelimit-remaining": "0" }, times: Infinity });
  await expect(client.fetchManifest(reference(":1"), { signal })).resolves.toBeDefined();
});

describe("the wait", () => {
  const refresh = (): Promise<void> => Promise.resolve();
  const waits: [limit: string | undefined, random: number, waitMs: number][] = [
    ["100;w=21600", 0, 216_000],
    ["100;w=21600", 1, 259_200],
    ["200;w=21600", 0.5, 118_800],
    ["5000;w=21600", 0, 60_000],
    ["1;w=21600", 0, 900_000],
    ["0;w=21600", 0, 900_000],
    [undefined, 0, 60_000],
  ];
  test.each(waits)("for a limit of %s with chance %d is %d ms", async (limit, random, waitMs) => {
    const allowance = createPullAllowance({ floorFor: () => 0, random: () => random, now: () => 0 });
    allowance.listen("r")(answerWith({ "ratelimit-limit": limit, "ratelimit-remaining": "0;w=21600" }));
    await expect(allowance.admit("r", refresh)).rejects.toMatchObject({ retryAfterMs: waitMs });
  });
});

test("of answers that were under way together the lowest figure counts, in whatever order they come", async () => {
  const allowance = createPullAllowance({ floorFor: () => 0, random: () => 0, now: () => 0 });
  const [first, second] = [allowance.listen("r"), allowance.listen("r")];
  second(answerWith({ "ratelimit-remaining": "0;w=21600" }));
  first(answerWith({ "ratelimit-remaining": "1;w=21600" }));
  await expect(allowance.admit("r", () => Promise.resolve())).rejects.toBeInstanceOf(RateLimitedError);
  allowance.listen("r")(answerWith({ "ratelimit-remaining": "1;w=21600" }));
  await expect(allowance.admit("r", () => Promise.resolve())).resolves.toBeDefined();
});

function answerWith(headers: Readonly<Record<string, string | undefined>>): {
  header: (name: string) => string | undefined;
} {
  return { header: (name) => headers[name] };
}
