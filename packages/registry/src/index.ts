export type { BlobReader, Reserve } from "./blob-reader.ts";
