import { createMemoryGovernor } from "@layaway/bandwidth";
import { governorConformance } from "@layaway/bandwidth/conformance";

governorConformance({
  name: "the governor in memory",
  processes: 1,
  open: (limits) =>
    Promise.resolve({ governors: [createMemoryGovernor({ limits })], close: () => Promise.resolve() }),
});
