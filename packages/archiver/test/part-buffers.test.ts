import { expect, test } from "vitest";

import { takePartBuffers } from "../src/part-buffers.ts";

const size = 1024;

test("shared buffers of an archive that is done serve the next one, those in use serve nobody else", () => {
  const first = takePartBuffers(3, size, true);
  const second = takePartBuffers(3, size, true);
  expect(new Set([...first.buffers, ...second.buffers]).size).toBe(6);
  first.giveBack();
  const third = takePartBuffers(4, size, true);
  expect(third.buffers.filter((buffer) => first.buffers.includes(buffer))).toHaveLength(3);
  expect(third.buffers.every(({ length }) => length >= size)).toBe(true);
  second.giveBack();
  third.giveBack();
  const larger = takePartBuffers(1, 2 * size, true);
  expect(larger.buffers[0]?.length).toBe(2 * size);
  larger.giveBack();
});

test("no more are kept than two archives of the usual size need, the largest ones", () => {
  const many = takePartBuffers(30, 4 * size, true);
  many.giveBack();
  const again = takePartBuffers(30, 4 * size, true);
  expect(again.buffers.filter((buffer) => many.buffers.includes(buffer))).toHaveLength(10);
});

test("the others are ordinary memory", () => {
  const { buffers } = takePartBuffers(2, size, false);
  expect(buffers.map(({ buffer, length }) => [buffer instanceof SharedArrayBuffer, length])).toEqual([
    [false, size],
    [false, size],
  ]);
});
