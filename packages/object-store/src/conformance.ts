import { afterAll, beforeAll, describe } from "vitest";
import { describeCancellation } from "./conformance/cancellation.ts";
import { describeCompletion } from "./conformance/completion.ts";
import { describeCopies } from "./conformance/copies.ts";
import { describeListing } from "./conformance/listing.ts";
import { describePresignedUrls } from "./conformance/presigned-urls.ts";
import { describeRefusals } from "./conformance/refusals.ts";
import { describeSmallObjects } from "./conformance/small-objects.ts";
import type { ObjectStoreConformance, OpenStore, StoreUnderTest } from "./conformance/store-under-test.ts";
import { describeUploads } from "./conformance/uploads.ts";

export type { ObjectStoreConformance, OpenStore, StoreFeatures } from "./conformance/store-under-test.ts";

/**
 * Defines the tests that every object store passes: one per promise of the contract's docstrings.
 *
 * Each test works under keys of its own, so one store is opened for all of them. A store that pages is best opened with
 * pages of two: the suite then sees whether it goes on to the next.
 */
export function objectStoreConformance(options: ObjectStoreConformance): void {
  describe(`${options.name} keeps the object store contract`, () => {
    let open: OpenStore | undefined;
    let keys = 0;
    beforeAll(async () => {
      open = await options.open();
    });
    afterAll(() => open?.close());

    const suite: StoreUnderTest = {
      features: options.features,
      store() {
        if (open === undefined) throw new Error("the store was not opened");
        return open.store;
      },
      key(name) {
        keys += 1;
        return `conformance-${keys}/${name}`;
      },
    };
    describeSmallObjects(suite);
    describeListing(suite);
    describeUploads(suite);
    describeCompletion(suite);
    describeCopies(suite);
    describePresignedUrls(suite);
    describeCancellation(suite);
    describeRefusals(options);
  });
}
