import type { S3Destination } from "./config.ts";

/** What may stand beside a destination's URL, in the file or as its query parameters. */
export interface DestinationSettings {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly publicEndpoint?: string | undefined;
  readonly pathStyle?: boolean | undefined;
  readonly cname?: boolean | undefined;
  /** Bytes per second. */
  readonly downloadLimit?: number | undefined;
  readonly checksums?: S3Destination["checksums"] | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKeyFile?: string | undefined;
  readonly sessionTokenFile?: string | undefined;
  readonly accessKeySecretFile?: string | undefined;
  readonly securityTokenFile?: string | undefined;
}

export type SettingName = keyof DestinationSettings;
export type DestinationKind = "s3" | "oss" | "fs";

const settingsOf: Readonly<Record<DestinationKind, ReadonlySet<string>>> = {
  s3: new Set<SettingName>([
    "region",
    "endpoint",
    "publicEndpoint",
    "pathStyle",
    "checksums",
    "accessKeyId",
    "secretAccessKeyFile",
    "sessionTokenFile",
  ]),
  oss: new Set<SettingName>([
    "region",
    "endpoint",
    "publicEndpoint",
    "pathStyle",
    "cname",
    "downloadLimit",
    "accessKeyId",
    "accessKeySecretFile",
    "securityTokenFile",
  ]),
  fs: new Set(),
};

/** Whether destinations of this kind have the setting. */
export function hasSetting(kind: DestinationKind, name: string): boolean {
  return settingsOf[kind].has(name);
}

export const checksumModes: readonly S3Destination["checksums"][] = ["auto", "crc32", "none"];
