import { keysFrom, readKeys } from "./access-keys.ts";
import type { Destination, OssDestination, S3Destination } from "./config.ts";
import { hasSetting, type DestinationSettings } from "./destination-settings.ts";
import {
  needsPathStyle,
  ossRegion,
  readEndpoint,
  readEndpointVariable,
  regionOfEndpoint,
  withScheme,
} from "./endpoint.ts";
import { variable, type Environment } from "./environment.ts";
import type { Location } from "./location.ts";
import type { Notes } from "./mistakes.ts";

/** Puts a destination together; what its settings leave open comes from the environment, as with the stores' own tools. */
export function buildDestination(
  location: Location,
  settings: DestinationSettings,
  env: Environment,
  { mistakes, path }: Notes,
): Destination {
  for (const [name, value] of Object.entries<unknown>({ ...settings })) {
    if (value !== undefined && !hasSetting(location.kind, name)) {
      mistakes.add(
        [...path, name],
        `is no setting of ${location.kind === "fs" ? "file" : location.kind}:// destinations`,
      );
    }
  }
  switch (location.kind) {
    case "s3":
      return s3Destination(location, settings, env, { mistakes, path });
    case "oss":
      return ossDestination(location, settings, env, { mistakes, path });
    case "fs":
      return { kind: "fs", directory: location.directory };
  }
}

type BucketLocation = Extract<Location, { readonly bucket: string }>;

function s3Destination(
  { bucket, prefix }: BucketLocation,
  settings: DestinationSettings,
  env: Environment,
  notes: Notes,
): S3Destination {
  const region = settings.region ?? variable(env, "AWS_REGION", "AWS_DEFAULT_REGION");
  const endpoint =
    readEndpoint("endpoint", settings.endpoint, notes) ??
    readEndpointVariable(env, ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"], notes);
  const publicEndpoint = readEndpoint("publicEndpoint", settings.publicEndpoint, notes);
  const keys =
    readKeys(settings, "secretAccessKeyFile", "sessionTokenFile", notes) ??
    keysFrom(env, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN");
  return {
    kind: "s3",
    bucket,
    prefix,
    pathStyle: settings.pathStyle ?? needsPathStyle(endpoint),
    checksums: settings.checksums ?? "auto",
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    ...(keys === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: keys.id,
            secretAccessKey: keys.secret,
            ...(keys.token === undefined ? {} : { sessionToken: keys.token }),
          },
        }),
  };
}

function ossDestination(
  { bucket, prefix }: BucketLocation,
  settings: DestinationSettings,
  env: Environment,
  notes: Notes,
): OssDestination {
  const endpoint =
    readEndpoint("endpoint", withScheme(settings.endpoint), notes) ??
    readEndpointVariable(env, ["OSS_ENDPOINT"], notes);
  const region = ossRegion(settings.region ?? variable(env, "OSS_REGION") ?? regionOfEndpoint(endpoint));
  const publicEndpoint = readEndpoint("publicEndpoint", withScheme(settings.publicEndpoint), notes);
  const { downloadLimit } = settings;
  // OSS, "Single-connection bandwidth throttling": 819200 to 838860800 bits per second.
  if (downloadLimit !== undefined && !(downloadLimit >= 102_400 && downloadLimit <= 104_857_600))
    notes.mistakes.add([...notes.path, "downloadLimit"], "OSS takes from 100KiB/s to 100MiB/s");
  const keys =
    readKeys(settings, "accessKeySecretFile", "securityTokenFile", notes) ??
    keysFrom(env, "OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN");
  return {
    kind: "oss",
    bucket,
    prefix,
    cname: settings.cname ?? false,
    pathStyle: settings.pathStyle ?? needsPathStyle(endpoint),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    ...(downloadLimit === undefined ? {} : { downloadLimit }),
    ...(keys === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: keys.id,
            accessKeySecret: keys.secret,
            ...(keys.token === undefined ? {} : { securityToken: keys.token }),
          },
        }),
  };
}
