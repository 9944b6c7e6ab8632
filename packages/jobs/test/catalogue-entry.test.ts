import { expect, test } from "vitest";

import { fromFields, queuedArchive, reportedAt, toFields } from "../src/catalogue-entry.ts";
import { archiveRequest } from "./archive-requests.ts";

function shownAfter(ms: number) {
  const running = { ...queuedArchive(archiveRequest(1)), state: "running", rate: 5, etaMs: 9 } as const;
  const flat = [...toFields(running), reportedAt, "1000"];
  const fields: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ""] = flat[at + 1] ?? "";
  return fromFields(fields, 1000 + ms);
}

test("rate and ETA are shown while they are reported", () => {
  expect(shownAfter(9000)).toMatchObject({ state: "running", rate: 5, etaMs: 9 });
});

test("rate and ETA of a worker that says nothing any more are not shown, and everything else is", () => {
  const archive = shownAfter(11_000);
  expect(archive).toMatchObject({ state: "running", bytes: { total: 0 } });
  expect(archive).not.toHaveProperty("rate");
  expect(archive).not.toHaveProperty("etaMs");
});
