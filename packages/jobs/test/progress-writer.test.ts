import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { ArchiveProgress } from "../src/index.ts";
import { createProgressWriter } from "../src/progress-writer.ts";
import { gate } from "./gate.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("writes at most once per interval, the newest of each field", async () => {
  const written: ArchiveProgress[] = [];
  const writer = createProgressWriter(
    async (progress) => written.push(progress),
    1000,
    () => {},
  );
  writer.report({ digest: "sha256:a", rate: 1 });
  for (let rate = 2; rate <= 50; rate += 1) writer.report({ rate });
  writer.report({ key: "k" });
  await vi.advanceTimersByTimeAsync(999);
  expect(written).toEqual([{ digest: "sha256:a", rate: 1 }]);
  await vi.advanceTimersByTimeAsync(1);
  expect(written).toEqual([
    { digest: "sha256:a", rate: 1 },
    { rate: 50, key: "k" },
  ]);
});

test("what was left at an earlier rate is dropped where the new rate comes without it", async () => {
  const written: ArchiveProgress[] = [];
  const writer = createProgressWriter(
    async (progress) => written.push(progress),
    1000,
    () => {},
  );
  writer.report({ key: "k" });
  writer.report({ rate: 5, etaMs: 9 });
  writer.report({ key: "l" });
  await vi.advanceTimersByTimeAsync(1000);
  writer.report({ rate: 5, etaMs: 8 });
  writer.report({ rate: 0 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(written).toEqual([{ key: "k" }, { rate: 5, etaMs: 9, key: "l" }, { rate: 0 }]);
});

test("does not begin a write before the last one ended, and waits for it at the end", async () => {
  const held = gate();
  const written: ArchiveProgress[] = [];
  const write = async (progress: ArchiveProgress): Promise<void> => {
    written.push(progress);
    await held.opened;
  };
  const writer = createProgressWriter(write, 1000, () => {});
  writer.report({ rate: 1 });
  writer.report({ rate: 2 });
  await vi.advanceTimersByTimeAsync(5000);
  expect(written).toHaveLength(1);
  let stopped = false;
  const stopping = writer.stop().then(() => (stopped = true));
  await vi.advanceTimersByTimeAsync(10);
  expect(stopped).toBe(false);
  held.open();
  await stopping;
  await vi.advanceTimersByTimeAsync(5000);
  expect(written).toHaveLength(1);
});

test("goes on after a write that failed", async () => {
  const errors: unknown[] = [];
  const writes = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error("away")).mockResolvedValue();
  const writer = createProgressWriter(writes, 1000, (error) => errors.push(error));
  writer.report({ rate: 1 });
  writer.report({ rate: 2 });
  await vi.advanceTimersByTimeAsync(1000);
  expect(writes).toHaveBeenCalledTimes(2);
  expect(errors).toHaveLength(1);
});
