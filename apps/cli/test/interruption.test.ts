import { PassThrough } from "node:stream";

import { describe, expect, it } from "vitest";

import { createInterruption } from "../src/interruption.ts";

function interruptedTwice(isTTY: boolean): { readonly statuses: number[]; readonly written: string } {
  const statuses: number[] = [];
  const stderr = Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY });
  const { signal, interrupt } = createInterruption({ stderr, exit: (status) => statuses.push(status) });
  interrupt("SIGINT");
  expect(signal.aborted).toBe(true);
  expect(statuses).toEqual([]);
  interrupt("SIGINT");
  return { statuses, written: String(stderr.read() ?? "") };
}

describe("an interruption", () => {
  it("ends the process the second time, and shows the cursor that progress bars hid", () => {
    const { statuses, written } = interruptedTwice(true);
    expect(statuses).toEqual([130]);
    expect(written).toContain("\u001B[?25h");
  });

  it("writes nothing where there is no terminal", () => {
    expect(interruptedTwice(false)).toEqual({ statuses: [130], written: "" });
  });
});
