import { describe, expect, test } from "vitest";

import { DestinationDeniedError, DestinationUnknownError } from "../errors.ts";
import type { ObjectStore } from "../object-store.ts";
import { readAll, someBytes } from "./bytes.ts";
import type { ObjectStoreConformance, OpenStore } from "./store-under-test.ts";

/** A destination that is not there, and one that may not be used. */
export function describeRefusals({ openMissing, openDenied }: ObjectStoreConformance): void {
  if (openMissing !== undefined) describeMissing(openMissing);
  if (openDenied !== undefined) describeDenied(openDenied);
}

type Open = () => Promise<OpenStore>;

function describeMissing(open: Open): void {
  describe("a destination that is not there", () => {
    test.each(Object.keys(calls))("is unknown to %s", (name) =>
      using(open, async (store) => {
        await expect(calls[name]?.(store)).rejects.toBeInstanceOf(DestinationUnknownError);
      }),
    );
  });
}

function describeDenied(open: Open): void {
  describe("a destination that may not be used", () => {
    test.each(["put", "createUpload"])("is denied to %s", (name) =>
      using(open, async (store) => {
        await expect(calls[name]?.(store)).rejects.toBeInstanceOf(DestinationDeniedError);
      }),
    );

    test("is told of in one line", () =>
      using(open, async (store) => {
        const failed = await store.put("conformance/denied", someBytes(10, "denied")).catch(String);
        expect(failed).toMatch(/^[^\n]{5,300}$/u);
      }));
  });
}

const calls: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  put: (store) => store.put("conformance/refused", someBytes(10, "refused")),
  list: (store) => store.list("conformance/"),
  createUpload: (store) => store.createUpload("conformance/refused.tar"),
  get: async (store) => readAll(await store.get("conformance/refused")),
};

async function using(open: Open, work: (store: ObjectStore) => Promise<void>): Promise<void> {
  const { store, close } = await open();
  try {
    await work(store);
  } finally {
    await close();
  }
}
