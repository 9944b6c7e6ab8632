/** Translates between the contract's keys, which are relative to the destination, and those of the bucket. */
export interface KeySpace {
  readonly bucket: string;
  toBucket(key: string): string;
  fromBucket(key: string | undefined): string;
  /** `s3://bucket/prefix/key` */
  url(key: string): string;
}

export function keySpace(bucket: string, prefix: string): KeySpace {
  const trimmed = prefix.replace(/^\/+|\/+$/gu, "");
  const before = trimmed === "" ? "" : `${trimmed}/`;
  return {
    bucket,
    toBucket: (key) => before + key,
    fromBucket: (key = "") => key.slice(before.length),
    url: (key) => `s3://${bucket}/${before}${key}`,
  };
}
