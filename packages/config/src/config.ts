/** A secret as the configuration names it: its value (from the environment) or the file that holds it. Never both. */
export type Secret =
  | { readonly kind: "value"; readonly value: string }
  | { readonly kind: "file"; readonly path: string };

export interface S3Destination {
  readonly kind: "s3";
  readonly bucket: string;
  /** Without slashes at its ends; empty for the bucket's root. */
  readonly prefix: string;
  readonly region?: string;
  readonly endpoint?: string;
  /** Where presigned URLs point, if users reach the store under another name. */
  readonly publicEndpoint?: string;
  readonly pathStyle: boolean;
  readonly checksums: "auto" | "crc32" | "none";
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: Secret;
    readonly sessionToken?: Secret;
  };
}

export interface OssDestination {
  readonly kind: "oss";
  readonly bucket: string;
  readonly prefix: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly publicEndpoint?: string;
  readonly cname: boolean;
  /** Bytes per second of each download through a presigned URL; absent: unlimited. */
  readonly downloadLimit?: number;
  readonly pathStyle: boolean;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly accessKeySecret: Secret;
    readonly securityToken?: Secret;
  };
}

export interface FsDestination {
  readonly kind: "fs";
  /** Absolute. */
  readonly directory: string;
}

export type Destination = S3Destination | OssDestination | FsDestination;

/** What the operator says about one registry; being named here also means that it may be reached at a private address. */
export interface RegistryEntry {
  readonly username?: string;
  readonly password?: Secret;
  readonly maxConnections?: number;
  readonly plainHttp: boolean;
  readonly tlsVerify: boolean;
  /** File with CA certificates in PEM form. */
  readonly caFile?: string;
  /** Hosts of token servers that may see the credentials besides the registry's own. Absent: those below the same owned name. */
  readonly realmHosts?: readonly string[];
  /** Pulls that are left to others, where the registry counts them; absent: none. */
  readonly pullFloor?: number;
}

/** Hours of some days of the week at which another limit holds. */
export interface CalendarEntry {
  /** 0 = Monday ... 6 = Sunday, ascending. */
  readonly days: readonly number[];
  /** Minutes of the local day, 0..1440. From later than to runs over midnight and belongs to the day on which it begins. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** 0: paused. */
  readonly limitBytesPerSecond: number;
}

export interface Config {
  readonly destinations: Readonly<Record<string, Destination>>;
  readonly defaultDestination?: string;
  /** By host and port, as references name them. */
  readonly registries: Readonly<Record<string, RegistryEntry>>;
  /** Absent: every public host. */
  readonly allowRegistries?: readonly string[];
  readonly bandwidth: {
    /** Bytes per second, outside the calendar's windows; absent: unlimited; 0: paused. */
    readonly limit?: number | "auto";
    /** No two entries overlap. */
    readonly calendar: readonly CalendarEntry[];
    /** IANA name; there where there is a calendar. */
    readonly timezone?: string;
    /** Bytes per second of uploads to object stores; at least 100 kB/s; absent: unlimited. */
    readonly upload?: number;
    readonly perRegistry: Readonly<Record<string, number>>;
  };
  readonly worker: {
    readonly concurrency: number;
    readonly partSizeBytes: number;
    readonly partsInFlight: number;
  };
  readonly webhooks: { readonly secret?: Secret; readonly allowHosts: readonly string[] };
  readonly redisUrl?: string;
  /** Bearer tokens of the API; empty: loopback only. */
  readonly tokens: readonly string[];
  readonly dataDir?: string;
  readonly proxy: { readonly httpProxy?: string; readonly httpsProxy?: string; readonly noProxy?: string };
}
