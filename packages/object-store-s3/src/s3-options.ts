import type { Pace } from "@layaway/object-store";

/** Keys of an account or a role. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When to ask the provider for fresh ones. */
  readonly expiration?: Date;
}

export type CredentialsProvider = () => Promise<S3Credentials>;

export interface S3StoreOptions {
  readonly bucket: string;
  /** Stands before every key, with a slash between; empty for the bucket's root. */
  readonly prefix?: string | undefined;
  /** Default `us-east-1`. */
  readonly region?: string | undefined;
  /** Another store than AWS: its base URL. */
  readonly endpoint?: string | undefined;
  /** Where presigned URLs point, where users reach the store under another name. */
  readonly publicEndpoint?: string | undefined;
  /** The bucket in the path instead of the host name. Default: with an endpoint, unless it is AWS' or Aliyun's. */
  readonly pathStyle?: boolean | undefined;
  /** Absent: found where AWS' tools find them, in the environment and in the files below `~/.aws`. */
  readonly credentials?: S3Credentials | CredentialsProvider | undefined;
  /** Asks the machine's metadata address for credentials as well; only for machines in AWS. */
  readonly instanceMetadata?: boolean | undefined;
  /** `auto`: CRC32 per part where the store says that it takes it, plain bodies elsewhere. */
  readonly checksums: "auto" | "crc32" | "none";
  /** Certificates to trust besides the system's, in PEM form, and whether to check at all. */
  readonly tls?: { readonly ca?: string; readonly rejectUnauthorized?: boolean } | undefined;
  /** Time to a connection. Default 5 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** Time without a byte in either direction. Default 30 s. */
  readonly idleTimeoutMs?: number | undefined;
  /** The same while the store copies a part or joins all of them, and for a part that is held back by `pace`. Default 5 min. */
  readonly workTimeoutMs?: number | undefined;
  /** Parts are sent as it allows, two at a time; then the time for one part has no limit of its own. */
  readonly pace?: Pace | undefined;
  /** Time for one part in all. Default 15 min. */
  readonly partTimeoutMs?: number | undefined;
  /** Open connections. Default 128: calls beyond that wait, and waiting counts as connecting. */
  readonly connections?: number | undefined;
  /** Entries that a page of a listing has at most; smaller than the store's own 1000 only for tests. */
  readonly listPageSize?: number | undefined;
}
