import { z } from "zod";

import type { DestinationSettings } from "./destination-settings.ts";
import { parseLimit } from "./parse-limit.ts";
import { parsePartSize } from "./parse-part-size.ts";
import { parseRate } from "./parse-quantity.ts";
import { parseRegistryHost } from "./registry-host.ts";
import { parseTimeOfDay } from "./time-of-day.ts";
import { parseTimezone } from "./timezone.ts";
import { parseDays } from "./weekdays.ts";
import { transformBy } from "./transform-by.ts";

/** One destination as it stands in the file. */
export interface DestinationEntry extends DestinationSettings {
  readonly url: string;
}

/** The configuration file: shapes and single values are checked, what belongs together is not yet. */
export interface ConfigFile {
  readonly destinations: Readonly<Record<string, DestinationEntry>>;
  readonly defaultDestination?: string | undefined;
  readonly registries: Readonly<Record<string, RegistryFileEntry>>;
  readonly allowRegistries?: readonly string[] | undefined;
  readonly bandwidth: {
    readonly limit?: number | "auto" | undefined;
    readonly calendar: readonly CalendarFileEntry[];
    readonly timezone?: string | undefined;
    readonly upload?: number | undefined;
    readonly perRegistry: Readonly<Record<string, number>>;
  };
  readonly worker: {
    readonly concurrency: number;
    readonly partSize: number;
    readonly partsInFlight: number;
  };
  readonly webhooks: { readonly secretFile?: string | undefined; readonly allowHosts: readonly string[] };
}

export interface CalendarFileEntry {
  /** 0 = Monday ... 6 = Sunday. */
  readonly days: readonly number[];
  /** Minutes of the day. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

export interface RegistryFileEntry {
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly maxConnections?: number | undefined;
  readonly plainHttp: boolean;
  readonly tlsVerify: boolean;
  readonly ca?: string | undefined;
  readonly realmHosts?: readonly string[] | undefined;
  readonly pullFloor?: number | undefined;
}

export type Issues = readonly z.core.$ZodIssue[];

/** Checks a parsed YAML document; unknown keys are refused. */
export function checkFile(document: unknown): { readonly file: ConfigFile } | { readonly issues: Issues } {
  const result = fileSchema.safeParse(document, { reportInput: true });
  return result.success ? { file: result.data } : { issues: result.error.issues };
}

const text = z.string().min(1);
const flag = z.boolean();
const count = (maximum: number): z.ZodNumber => z.int().min(1).max(maximum);
const quantity = z.union([z.string(), z.number()]);
const rate = quantity.transform(transformBy(parseRate));
const days = z
  .union([z.string(), z.array(z.string())], {
    error: ({ input }) =>
      input === undefined ? undefined : "must be a text such as mon-fri, or a list of them",
  })
  .transform(transformBy(parseDays));
const timeOfDay = quantity.transform(transformBy(parseTimeOfDay));
const partSize = quantity.transform(transformBy(parsePartSize));
const host = text.transform(transformBy(parseRegistryHost));
const hostPattern = text.regex(/^(?:\*\.)?(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/u, {
  error: () => "is not a host (write hooks.example.com, hooks.example.com:8080 or *.example.com)",
});

const realmHost = text
  .regex(/^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/u, {
    error: () => "is not a host (write auth.example.com or auth.example.com:8443, without scheme and path)",
  })
  .toLowerCase();

const destination = z.strictObject({
  url: text,
  region: text.optional(),
  endpoint: text.optional(),
  publicEndpoint: text.optional(),
  pathStyle: flag.optional(),
  cname: flag.optional(),
  downloadLimit: rate.optional(),
  checksums: z.enum(["auto", "crc32", "none"]).optional(),
  accessKeyId: text.optional(),
  secretAccessKeyFile: text.optional(),
  sessionTokenFile: text.optional(),
  accessKeySecretFile: text.optional(),
  securityTokenFile: text.optional(),
});

const registry = z.strictObject({
  username: text.optional(),
  passwordFile: text.optional(),
  maxConnections: count(1000).optional(),
  plainHttp: flag.default(false),
  tlsVerify: flag.default(true),
  ca: text.optional(),
  realmHosts: z.array(realmHost).optional(),
  pullFloor: z.int().min(0).optional(),
});

const fileSchema = z.strictObject({
  destinations: z.record(z.string(), destination).default({}),
  defaultDestination: text.optional(),
  registries: z.record(z.string(), registry).default({}),
  allowRegistries: z.array(host).optional(),
  bandwidth: z
    .strictObject({
      limit: quantity.transform(transformBy(parseLimit)).optional(),
      calendar: z.array(z.strictObject({ days, from: timeOfDay, to: timeOfDay, limit: rate })).default([]),
      timezone: text.transform(transformBy(parseTimezone)).optional(),
      upload: rate.optional(),
      perRegistry: z.record(z.string(), rate).default({}),
    })
    .prefault({}),
  worker: z
    .strictObject({
      concurrency: count(256).default(2),
      partSize: partSize.default(16 * 2 ** 20),
      partsInFlight: count(64).default(4),
    })
    .prefault({}),
  webhooks: z
    .strictObject({ secretFile: text.optional(), allowHosts: z.array(hostPattern).default([]) })
    .prefault({}),
});
