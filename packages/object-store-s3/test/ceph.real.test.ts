import { describeWithServers, startCeph } from "@layaway/testing";

import { testStoreOn } from "./store-on-server.ts";

// Ceph 16 passes over the condition on completions, where the adapter's look before is all there is; puts it keeps to.
describeWithServers("Ceph", ["ceph"], () => {
  testStoreOn("Ceph", startCeph, {
    conditionalCompletion: "checked",
    conditionalPut: "atomic",
    refusesSmallParts: true,
    presign: true,
  });
});
