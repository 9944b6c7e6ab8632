import { setTimeout as delay } from "node:timers/promises";

import { afterEach, describe, expect, test } from "vitest";

import type { Governor, LeaseOptions } from "./governor.ts";
import type { Limits } from "./limits.ts";

/** One budget and several processes that share it. */
export interface OpenGovernors {
  readonly governors: readonly Governor[];
  close(): Promise<void>;
}

export interface GovernorConformance {
  readonly name: string;
  /** How many governors share the budget; 1 where there is no fleet. */
  readonly processes: number;
  /** Each call opens a budget of its own. */
  open(limits: Limits): Promise<OpenGovernors>;
}

interface Grant {
  readonly at: number;
  readonly bytes: number;
  readonly who: string;
}

const megabyte = 1_000_000;

/** Defines the tests that every governor passes, in real time; about ten seconds. */
export function governorConformance(options: GovernorConformance): void {
  describe(`${options.name} keeps the governor's contract`, () => {
    let opened: OpenGovernors | undefined;
    afterEach(async () => {
      await opened?.close();
      opened = undefined;
    });
    const open = async (limits: Limits): Promise<readonly Governor[]> => {
      opened = await options.open(limits);
      return opened.governors;
    };
    const fixed = (rate: number | undefined): Limits => ({ rateAt: () => rate });

    /** Takes leases one after the other, in each process as many at a time as there are wishes, until the time is over. */
    const run = async (
      governors: readonly Governor[],
      durationMs: number,
      wishes: readonly { readonly who: string; readonly upToBytes?: number; readonly want?: LeaseOptions }[],
    ): Promise<readonly Grant[]> => {
      const grants: Grant[] = [];
      const startedAt = performance.now();
      const signal = AbortSignal.timeout(durationMs);
      const work = async (
        governor: Governor,
        { who, upToBytes = 8 << 20, want = {} }: (typeof wishes)[number],
      ) => {
        while (!signal.aborted) {
          const lease = await governor.lease(upToBytes, { ...want, signal }).catch(() => undefined);
          if (lease === undefined) return;
          grants.push({ at: performance.now() - startedAt, bytes: lease.sizeBytes, who });
          lease.end(lease.sizeBytes);
        }
      };
      await Promise.all(governors.flatMap((governor) => wishes.map((wish) => work(governor, wish))));
      return grants.toSorted((a, b) => a.at - b.at);
    };

    test("without a limit nobody waits", async () => {
      const governors = await open(fixed(undefined));
      for (const governor of governors) {
        expect(governor.rate()).toBeUndefined();
        const lease = await governor.lease(1 << 30);
        expect(lease.sizeBytes).toBe(8 << 20);
        lease.end(lease.sizeBytes);
      }
    });

    test("in any second no more than the limit, 5 % of it and one lease; the mean is the limit", async () => {
      const rate = 4 * megabyte;
      const governors = await open(fixed(rate));
      const grants = await run(governors, 4000, [{ who: "a" }, { who: "b" }]);
      for (const [index, first] of grants.entries()) {
        const second = grants.slice(index).filter(({ at }) => at < first.at + 1000);
        expect(bytesOf(second)).toBeLessThanOrEqual(rate * 1.05 + rate / 4);
      }
      const lastAt = grants.at(-1)?.at ?? 0;
      const [first] = grants;
      // What the last lease is worth comes after it.
      const mean = (bytesOf(grants.slice(0, -1)) * 1000) / (lastAt - (first?.at ?? 0));
      expect(mean).toBeGreaterThan(rate * 0.97);
      expect(mean).toBeLessThan(rate * 1.03);
    });

    test("shares get bytes in proportion to their weights, and none starves", async () => {
      const governors = await open(fixed(8 * megabyte));
      const grants = await run(governors, 3000, [
        { who: "heavy", upToBytes: 100_000, want: { share: { id: "heavy", weight: 4 } } },
        { who: "light", upToBytes: 100_000, want: { share: { id: "light", weight: 1 } } },
        { who: "small", upToBytes: 30_000, want: { share: { id: "small", weight: 1 } } },
      ]);
      const [heavy = 0, light = 0, small = 0] = ["heavy", "light", "small"].map((who) =>
        bytesOf(grants.filter((grant) => grant.who === who)),
      );
      expect(heavy / light).toBeGreaterThan(3.4);
      expect(heavy / light).toBeLessThan(4.6);
      expect(small / light).toBeGreaterThan(0.8);
      expect(small / light).toBeLessThan(1.25);
    });

    test.each([
      {
        beside: "uploads that move faster",
        limits: { rateAt: () => 2 * megabyte, uploadBytesPerSecond: 20 * megabyte },
      },
      {
        beside: "another registry that has a higher limit",
        limits: { rateAt: () => undefined, perRegistry: { slow: 2 * megabyte, fast: 20 * megabyte } },
      },
    ])("weights hold beside $beside", async ({ limits }) => {
      const governors = await open(limits);
      const inSlow = { upToBytes: 65_536, want: { registry: "slow" } } as const;
      const isUpload = "uploadBytesPerSecond" in limits;
      const other: LeaseOptions = isUpload ? { direction: "upload" } : { registry: "fast" };
      const grants = await run(governors, 3000, [
        { ...inSlow, who: "heavy", want: { ...inSlow.want, share: { id: "heavy", weight: 4 } } },
        { ...inSlow, who: "light", want: { ...inSlow.want, share: { id: "light", weight: 1 } } },
        { who: "other", upToBytes: 65_536, want: { ...other, share: { id: "other", weight: 1 } } },
      ]);
      const bytes = (who: string): number => bytesOf(grants.filter((grant) => grant.who === who));
      expect(bytes("heavy") / bytes("light")).toBeGreaterThan(3);
      expect(bytes("heavy") / bytes("light")).toBeLessThan(5.2);
      expect(bytes("other")).toBeGreaterThan(3 * 20 * megabyte * 0.75);
    });

    test("a pause of fetching holds up no uploads, and that of a registry no other one", async () => {
      const [governor] = await open({
        rateAt: () => 8 * megabyte,
        uploadBytesPerSecond: megabyte,
        perRegistry: { paused: 0 },
      });
      if (governor === undefined) throw new Error("no governor");
      const giveUp = new AbortController();
      const held = governor.lease(1000, { registry: "paused", signal: giveUp.signal });
      (await governor.lease(1000, { registry: "other" })).end(1000);
      (await governor.lease(1000, { direction: "upload" })).end(1000);
      giveUp.abort(new Error("given up"));
      await expect(held).rejects.toThrow("given up");
    });

    test("a registry's limit holds beside the limit of all, and is passed by others", async () => {
      const governors = await open({ ...fixed(8 * megabyte), perRegistry: { slow: megabyte } });
      expect([governors[0]?.rate("slow"), governors[0]?.rate("other")]).toEqual([megabyte, 8 * megabyte]);
      const grants = await run(governors, 2500, [
        { who: "slow", want: { registry: "slow", share: { id: "slow", weight: 100 } } },
        { who: "other", want: { registry: "other", share: { id: "other", weight: 1 } } },
      ]);
      const bytes = (who: string): number => bytesOf(grants.filter((grant) => grant.who === who));
      expect(bytes("slow")).toBeLessThanOrEqual(2.5 * megabyte * 1.05 + megabyte / 4);
      // Where both limits bind, what a registry may have passes while it waits for the limit of all.
      expect(bytes("slow")).toBeGreaterThan(2.5 * megabyte * 0.65);
      expect(bytes("slow") + bytes("other")).toBeGreaterThan(2.5 * 8 * megabyte * 0.9);
    });

    test("who asks for little now and then does not keep the rest from being used", async () => {
      const rate = 8 * megabyte;
      const [governor] = await open(fixed(rate));
      if (governor === undefined) throw new Error("no governor");
      const stop = AbortSignal.timeout(2500);
      let bytes = 0;
      const little = async (): Promise<void> => {
        for (; !stop.aborted; await delay(20)) {
          const lease = await governor.lease(4096, { share: { id: "little", weight: 1 } });
          bytes += lease.sizeBytes;
          lease.end(lease.sizeBytes);
        }
      };
      const [grants] = await Promise.all([
        run([governor], 2500, [{ who: "much", want: { share: { id: "much", weight: 1 } } }]),
        little(),
      ]);
      expect((bytes + bytesOf(grants)) / 2.5 / rate).toBeGreaterThan(0.85);
    });

    test("uploads have a limit of their own", async () => {
      const governors = await open({ ...fixed(undefined), uploadBytesPerSecond: 2 * megabyte });
      const grants = await run(governors, 1500, [{ who: "up", want: { direction: "upload" } }]);
      expect(bytesOf(grants)).toBeLessThanOrEqual(1.5 * 2 * megabyte * 1.05 + megabyte / 2);
      expect((await governors[0]?.lease(1 << 30))?.sizeBytes).toBe(8 << 20);
    });

    test("a change of the rate is in force within a second, also for those who wait and for leases that are out", async () => {
      let rate: number | undefined;
      const governors = await open({ rateAt: () => rate });
      const [governor] = governors;
      if (governor === undefined) throw new Error("no governor");
      const long = await governor.lease(8 << 20);
      rate = 0;
      await delay(700);
      expect(long.revoked.aborted).toBe(true);
      long.end(0);
      const paused = await run(governors, 600, [{ who: "paused" }]);
      expect(paused).toEqual([]);
      const waiting = governor.lease(1000);
      rate = megabyte;
      const before = performance.now();
      (await waiting).end(1000);
      expect(performance.now() - before).toBeLessThan(1000);
    });

    test("what was not moved is given back, what was moved beyond the lease is owed", async () => {
      const governors = await open(fixed(megabyte));
      const [governor] = governors;
      if (governor === undefined) throw new Error("no governor");
      for (let times = 0; times < 20; times += 1) (await governor.lease(8 << 20)).end(0);
      const first = await governor.lease(1);
      first.end(600_001);
      await delay(50);
      const before = performance.now();
      (await governor.lease(1)).end(1);
      const waitedMs = performance.now() - before;
      expect(waitedMs).toBeGreaterThan(400);
      expect(waitedMs).toBeLessThan(1000);
    });

    test("who insists waits behind nobody of its own share, and leaves no more than a second's debt", async () => {
      let rate = 0;
      const [governor] = await open({ rateAt: () => rate });
      if (governor === undefined) throw new Error("no governor");
      const share = { id: "archive", weight: 1 };
      const giveUp = new AbortController();
      const patient = governor.lease(1000, { share, signal: giveUp.signal });
      const startedAt = performance.now();
      const insisting = Array.from({ length: 20 }, () => governor.lease(65_536, { share, atLatestMs: 300 }));
      for (const lease of await Promise.all(insisting)) lease.end(lease.sizeBytes);
      expect(performance.now() - startedAt).toBeLessThan(900);
      giveUp.abort(new Error("given up"));
      await expect(patient).rejects.toThrow("given up");
      // 1.3 MB were moved during the pause.
      rate = 100_000;
      const resumedAt = performance.now();
      (await governor.lease(1000, { share })).end(1000);
      expect(performance.now() - resumedAt).toBeLessThan(1700);
    });

    test("who gave up is not charged for it", async () => {
      let rate = 0;
      const [governor] = await open({ rateAt: () => rate });
      if (governor === undefined) throw new Error("no governor");
      const fickle = { id: "fickle", weight: 1 };
      for (let times = 0; times < 20; times += 1) {
        const giveUp = new AbortController();
        const lease = governor.lease(1 << 20, { share: fickle, signal: giveUp.signal });
        await delay(5);
        giveUp.abort(new Error("given up"));
        await expect(lease).rejects.toThrow("given up");
      }
      rate = 2 * megabyte;
      const grants = await run([governor], 1500, [
        { who: "fickle", upToBytes: 65_536, want: { share: fickle } },
        { who: "steady", upToBytes: 65_536, want: { share: { id: "steady", weight: 1 } } },
      ]);
      const bytes = (who: string): number => bytesOf(grants.filter((grant) => grant.who === who));
      expect(bytes("fickle") / bytes("steady")).toBeGreaterThan(0.7);
    });

    test("who insists is served while the limit is 0, and who gives up is out of the way", async () => {
      const [governor] = await open(fixed(0));
      if (governor === undefined) throw new Error("no governor");
      const controller = new AbortController();
      const abandoned = governor.lease(1000, { signal: controller.signal });
      const insisting = governor.lease(1000, { atLatestMs: 300, share: { id: "insisting", weight: 1 } });
      controller.abort(new Error("given up"));
      await expect(abandoned).rejects.toThrow("given up");
      const lease = await insisting;
      expect(lease.sizeBytes).toBe(1000);
      lease.end(1000);
      await expect(governor.lease(1, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
        "before",
      );
    });
  });
}

function bytesOf(grants: readonly Grant[]): number {
  return grants.reduce((sum, { bytes }) => sum + bytes, 0);
}
