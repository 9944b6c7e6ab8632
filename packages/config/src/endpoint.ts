import { isIP } from "node:net";

import { InvalidRequestError } from "@layaway/errors";

import type { SettingName } from "./destination-settings.ts";
import { variable, type Environment } from "./environment.ts";
import type { Notes } from "./mistakes.ts";

/** A store's address from a destination's setting. */
export function readEndpoint(
  name: SettingName,
  text: string | undefined,
  { mistakes, path }: Notes,
): string | undefined {
  return text === undefined ? undefined : mistakes.attempt([...path, name], () => parseEndpoint(text));
}

/** A store's address from the first of the variables that is set. */
export function readEndpointVariable(
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

/** Alibaba's own tools and pages name endpoints without a scheme: oss-cn-hangzhou.aliyuncs.com. */
export function withScheme(text: string | undefined): string | undefined {
  return text === undefined || text.includes("://") ? text : `https://${text}`;
}

/** The console and ossutil say cn-hangzhou where SDKs say oss-cn-hangzhou. */
export function ossRegion(region: string | undefined): string | undefined {
  return region === undefined || region.startsWith("oss-") ? region : `oss-${region}`;
}

/** Which region an endpoint of Alibaba's own belongs to. */
export function regionOfEndpoint(endpoint: string | undefined): string | undefined {
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

/** `bucket.127.0.0.1` and `bucket.minio` resolve nowhere. */
export function needsPathStyle(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false;
  const { hostname } = new URL(endpoint);
  return hostname.startsWith("[") || isIP(hostname) !== 0 || !hostname.includes(".");
}
