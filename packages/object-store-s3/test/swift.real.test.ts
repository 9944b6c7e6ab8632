import { describeWithServers, startSwift } from "@layaway/testing";

import { testStoreOn } from "./store-on-server.ts";

// Swift looks before it completes, too: of several completions at the same instant more than one may succeed.
describeWithServers("Swift", ["swift"], () => {
  testStoreOn("Swift", startSwift, {
    conditionalCompletion: "checked",
    conditionalPut: "checked",
    refusesSmallParts: true,
    presign: true,
  });
});
