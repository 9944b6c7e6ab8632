import { objectStoreConformance } from "../src/conformance.ts";
import { createMemoryStore } from "../src/memory.ts";

objectStoreConformance({
  name: "the memory store",
  open: async () => ({ store: createMemoryStore(), close: async () => undefined }),
  features: {
    conditionalCompletion: "atomic",
    conditionalPut: "atomic",
    refusesSmallParts: true,
    presign: false,
  },
});
