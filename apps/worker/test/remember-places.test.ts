import { createLedger } from "@layaway/ledger";
import { DestinationDeniedError } from "@layaway/object-store";
import { createMemoryStore } from "@layaway/object-store/memory";
import { describe, expect, it } from "vitest";

import { rememberPlaces } from "../src/remember-places.ts";
import { digest, result } from "./records.ts";

const archive = { ...result, url: "memory:nginx.tar", outcome: "archived" as const };
const place = { key: "nginx.tar", etag: "e1", offset: 50 };

function remember(
  what: { outcome?: "archived" | "already-there"; refuses?: true; aborted?: true; known?: typeof place } = {},
) {
  const store = createMemoryStore();
  const ledger = createLedger(store);
  const limits = { ...store.limits, minPartBytes: 1, minCopySourceBytes: 1 };
  const lost: unknown[] = [];
  const signal = what.aborted === true ? AbortSignal.abort(new Error("lock")) : new AbortController().signal;
  const written: string[] = [];
  const rememberBlobs: typeof ledger.rememberBlobs = async (places, options) => {
    if (what.refuses === true) throw new DestinationDeniedError("PUT: 403");
    written.push(...places.keys());
    await ledger.rememberBlobs(places, options);
  };
  const done = (async () => {
    if (what.known !== undefined) await ledger.rememberBlobs(new Map([[digest, what.known]]));
    const { outcome = "archived" } = what;
    const options = { limits, signal, onLost: (error: unknown) => void lost.push(error) };
    await rememberPlaces({ ...ledger, rememberBlobs }, { ...archive, outcome }, options);
    return ledger.findBlob(digest);
  })();
  return { done, lost, written };
}

describe("where the layers of a complete archive stand", () => {
  it("is written down", async () => {
    expect(await remember().done).toEqual(place);
  });

  it("is a warning and no failure where it cannot be written", async () => {
    const { done, lost } = remember({ refuses: true });
    await done;
    expect(lost).toEqual([expect.any(DestinationDeniedError)]);
  });

  it("is left to the next worker where this one has to stop", async () => {
    const { done, lost } = remember({ refuses: true, aborted: true });
    await expect(done).rejects.toThrow("lock");
    expect(lost).toEqual([]);
  });

  it("is made up for where the archive stood there without it", async () => {
    expect(await remember({ outcome: "already-there" }).done).toEqual(place);
  });

  it("is not written again where the archive stood there, and the bucket knows its layers", async () => {
    const { done, written } = remember({ outcome: "already-there", known: { ...place, key: "other.tar" } });
    expect(await done).toMatchObject({ key: "other.tar" });
    expect(written).toEqual([]);
  });
});
