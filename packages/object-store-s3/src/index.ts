export { createS3Store } from "./s3-store.ts";
export type { CredentialsProvider, S3Credentials, S3StoreOptions } from "./s3-options.ts";
