import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { objectStoreConformance } from "@layaway/object-store/conformance";
import { createFsStore } from "@layaway/object-store-fs";

objectStoreConformance({
  name: "a directory",
  features: {
    conditionalCompletion: "atomic",
    conditionalPut: "atomic",
    refusesSmallParts: false,
    presign: false,
  },
  open: async () => {
    const directory = await mkdtemp(join(tmpdir(), "layaway-fs-"));
    await mkdir(join(directory, "images"));
    return {
      store: createFsStore({ directory: join(directory, "images"), prefix: "team/a" }),
      close: () => rm(directory, { recursive: true }),
    };
  },
  openMissing: async () => {
    const directory = await mkdtemp(join(tmpdir(), "layaway-fs-"));
    return {
      store: createFsStore({ directory: join(directory, "not-mounted", "images") }),
      close: () => rm(directory, { recursive: true }),
    };
  },
});
