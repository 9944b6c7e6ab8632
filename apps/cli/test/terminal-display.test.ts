import { PassThrough } from "node:stream";

import { sha256Of } from "@layaway/oci";
import type { Archive } from "@layaway/ledger";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { ApiClient } from "../src/api-client.ts";
import { createProgressDisplay } from "../src/progress-display.ts";
import { watchArchives } from "../src/watch-archive.ts";
import { archiveOf } from "./archives.ts";

afterEach(() => {
  vi.useRealTimers();
});

const escape = "\u001B[";
const layer = sha256Of(Buffer.from("layer"));

/** A terminal of so many columns, and what was written on it. */
function terminalOf(columns: number) {
  const stderr = Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY: true, columns, rows: 24 });
  const terminal = { env: {}, stdout: new PassThrough(), stderr, signal: new AbortController().signal };
  return { terminal, written: () => String(stderr.read() ?? "") };
}

/** An API whose answers about each archive come one after the other. */
function clientOf(answers: Readonly<Record<string, readonly Archive[]>>): Pick<ApiClient, "get"> {
  const left = new Map(Object.entries(answers).map(([id, archives]) => [id, [...archives]]));
  return {
    get: async (id) => {
      const archives = left.get(id) ?? [];
      const next = (archives.length > 1 ? archives.shift() : archives[0]) ?? archiveOf({ id });
      return next;
    },
  };
}

describe("archives that are watched on a terminal", () => {
  it("stand in one line each, which is drawn anew and never wider than the terminal", async () => {
    const image = `registry.example.com/${"long/".repeat(20)}app:1`;
    const client = clientOf({
      arc_1: [archiveOf({ image }), archiveOf({ image, state: "completed", size: 1000, key: "app.tar" })],
      arc_2: [
        archiveOf({
          id: "arc_2",
          state: "running",
          bytes: { total: 2000, done: 500, fetched: 500, reused: 0 },
        }),
        archiveOf({ id: "arc_2", state: "cancelled" }),
      ],
    });
    const { terminal, written } = terminalOf(60);
    await watchArchives(client, ["arc_1", "arc_2"], terminal, { quiet: false, pollEveryMs: 1 });
    const text = written();
    const drawings = text.split(`${escape}2A`);
    expect(drawings).toHaveLength(2);
    for (const drawing of drawings) {
      const lines = drawing.trimEnd().split("\n");
      expect(lines).toHaveLength(2);
      for (const line of lines) {
        expect(line.startsWith(`${escape}2K`)).toBe(true);
        expect(line.slice(`${escape}2K`.length).length).toBeLessThan(60);
      }
    }
    expect(drawings[0]).toMatch(/arc_1 +queued[\s\S]*arc_2 +running .*500 B of 2/);
    expect(drawings[1]).toMatch(/arc_1 +completed[\s\S]*arc_2 +cancelled/);
  });
});

describe("the progress of an archive on a terminal", () => {
  it("is a bar for the whole and one for each layer, and leaves the cursor as it was", () => {
    vi.useFakeTimers();
    const { terminal, written } = terminalOf(100);
    const display = createProgressDisplay(terminal, false);
    const layers = [{ digest: layer, sizeBytes: 900 }];
    display.take({ kind: "planned", digest: layer, key: "app.tar", sizeBytes: 1000, layers });
    display.take({ kind: "fetched", blob: layer, sizeBytes: 450 });
    display.take({ kind: "retry", what: "store", message: "PUT: 503" });
    vi.advanceTimersByTime(1000);
    const halfway = written();
    display.take({ kind: "fetched", blob: layer, sizeBytes: 450 });
    display.take({ kind: "stored", sizeBytes: 1000, reusedBytes: 0 });
    display.stop();
    const text = written();
    expect(halfway).toContain("trying again: PUT: 503");
    expect(halfway).toMatch(/archive +\[=+-+\] 45 % \| 450 B of 1\.0 kB/);
    expect(halfway).toMatch(new RegExp(`${layer.slice(7, 19)} +\\[=+-+\\] 50 %`));
    expect(text).toMatch(/archive +\[=+\] 100 % \| 1\.0 kB of 1\.0 kB/);
    expect(text).toMatch(new RegExp(`${layer.slice(7, 19)} +\\[.*\\] 100 %`));
    expect(halfway).toContain(`${escape}?25l`);
    expect(text).toContain(`${escape}?25h`);
    expect(text).not.toContain(`${escape}?25l`);
  });

  it("is nothing where quiet was asked for", () => {
    const { terminal, written } = terminalOf(100);
    const display = createProgressDisplay(terminal, true);
    display.take({ kind: "planned", digest: layer, key: "app.tar", sizeBytes: 1000, layers: [] });
    display.stop();
    expect(written()).toBe("");
  });
});
