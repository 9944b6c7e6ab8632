import { assert, nat, pre, property } from "fast-check";
import { expect, test } from "vitest";

import { isArchiveId, newArchiveId } from "../src/index.ts";

const latest = 2 ** 48 - 1;

test("is made of 48 bits of time and 80 random ones", () => {
  expect(newArchiveId(0, (size) => new Uint8Array(size))).toBe(`arc_${"0".repeat(26)}`);
  expect(newArchiveId(latest, (size) => new Uint8Array(size).fill(255))).toBe(`arc_7${"z".repeat(25)}`);
  expect(newArchiveId(1, (size) => new Uint8Array(size))).toBe(`arc_0000000001${"0".repeat(16)}`);
});

test("sorts by its time, as text", () => {
  assert(
    property(nat(latest), nat(latest), (one, other) => {
      pre(one !== other);
      expect(newArchiveId(one) < newArchiveId(other)).toBe(one < other);
    }),
  );
});

test("is valid, and another one each time", () => {
  const ids = Array.from({ length: 1000 }, () => newArchiveId(1));
  expect(ids.every(isArchiveId)).toBe(true);
  expect(new Set(ids).size).toBe(1000);
});

test.each(["arc", "_1", "arc-1", "arc_1 ", "arc_é", "arc_1\n", "toolongaword_1"])("is not %j", (text) => {
  expect(isArchiveId(text)).toBe(false);
});
