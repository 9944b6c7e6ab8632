export type { BlobReader, ReadOptions, Reserve } from "./blob-reader.ts";
