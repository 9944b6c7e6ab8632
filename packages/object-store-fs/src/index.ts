export { createFsStore, type FsStoreOptions } from "./fs-store.ts";
