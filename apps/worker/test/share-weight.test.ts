import { expect, test } from "vitest";

import { shareWeight } from "../src/share-weight.ts";

test("the usual priority weighs 1, a higher one more, a lower one less, and none nothing", () => {
  const weights = [1, 25, 50, 75, 100].map((priority) => Number(shareWeight(priority).toFixed(3)));
  expect(weights).toEqual([15.137, 4, 1, 0.25, 0.063]);
});
