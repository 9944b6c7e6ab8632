import { isIP } from "node:net";

import { InvalidRequestError } from "@layaway/errors";

import type { Destination, OssDestination, S3Destination, Secret } from "./config.ts";
import { hasSetting, type DestinationSettings, type SettingName } from "./destination-settings.ts";
import { variable, type Environment } from "./environment.ts";
import type { Location } from "./location.ts";
import type { Mistakes, Path } from "./mistakes.ts";

/** What is noted against a destination, at the setting's name below `path`. */
export interface Notes {
  readonly mistakes: Mistakes;
  readonly path: Path;
}

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

function readEndpoint(
  name: SettingName,
  text: string | undefined,
  { mistakes, path }: Notes,
): string | undefined {
  return text === undefined ? undefined : mistakes.attempt([...path, name], () => parseEndpoint(text));
}

function readEndpointVariable(
  env: Environment,
  names: readonly string[],
  { mistakes }: Notes,
): string | undefined {
  const name = names.find((each) => variable(env, each) !== undefined);
  if (name === undefined) return undefined;
  const text = variable(env, name) ?? "";
  return mistakes.attempt([name], () =>
    parseEndpoint(name === "OSS_ENDPOINT" ? (withScheme(text) ?? text) : text),
  );
}

// Alibaba's own tools and pages name endpoints without a scheme: oss-cn-hangzhou.aliyuncs.com.
function withScheme(text: string | undefined): string | undefined {
  return text === undefined || text.includes("://") ? text : `https://${text}`;
}

// The console and ossutil say cn-hangzhou where SDKs say oss-cn-hangzhou.
function ossRegion(region: string | undefined): string | undefined {
  return region === undefined || region.startsWith("oss-") ? region : `oss-${region}`;
}

function regionOfEndpoint(endpoint: string | undefined): string | undefined {
  return /^https?:\/\/(?<region>oss-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$/u.exec(endpoint ?? "")
    ?.groups?.["region"];
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new InvalidRequestError("is not a URL that begins with http:// or https://");
  }
  if (url.username !== "" || url.password !== "")
    throw new InvalidRequestError("credentials must not stand in a URL");
  if (url.search !== "" || url.hash !== "")
    throw new InvalidRequestError("an endpoint has neither ?query nor #fragment");
  return url.href.replace(/\/$/u, "");
}

// `bucket.127.0.0.1` and `bucket.minio` resolve nowhere.
function needsPathStyle(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false;
  const { hostname } = new URL(endpoint);
  return hostname.startsWith("[") || isIP(hostname) !== 0 || !hostname.includes(".");
}

interface Keys {
  readonly id: string;
  readonly secret: Secret;
  readonly token: Secret | undefined;
}

function readKeys(
  settings: DestinationSettings,
  secretName: "secretAccessKeyFile" | "accessKeySecretFile",
  tokenName: "sessionTokenFile" | "securityTokenFile",
  { mistakes, path }: Notes,
): Keys | undefined {
  const { accessKeyId: id, [secretName]: secret, [tokenName]: token } = settings;
  if (id === undefined && secret === undefined && token === undefined) return undefined;
  if (id === undefined) mistakes.add([...path, "accessKeyId"], "is missing");
  if (secret === undefined) mistakes.add([...path, secretName], "is missing");
  if (id === undefined || secret === undefined) return undefined;
  return { id, secret: file(secret), token: token === undefined ? undefined : file(token) };
}

function keysFrom(env: Environment, idName: string, secretName: string, tokenName: string): Keys | undefined {
  const id = variable(env, idName);
  const secret = variable(env, secretName);
  const token = variable(env, tokenName);
  if (id === undefined || secret === undefined) return undefined;
  return {
    id,
    secret: { kind: "value", value: secret },
    token: token === undefined ? undefined : { kind: "value", value: token },
  };
}

function file(path: string): Secret {
  return { kind: "file", path };
}
