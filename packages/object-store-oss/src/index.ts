export type { OssCredentials, OssStoreOptions } from "./oss-options.ts";
export { createOssStore } from "./oss-store.ts";
