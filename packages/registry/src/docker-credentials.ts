import { readFile } from "node:fs/promises";

import { InvalidRequestError } from "@layaway/errors";
import type { Reference } from "@layaway/oci";

import { askCredentialHelper, type HelperOptions } from "./credential-helper.ts";
import { entryFor, helperServerUrl } from "./credential-keys.ts";
import type { Credentials } from "./credentials.ts";
import { type AuthEntry, type DockerConfig, parseDockerConfig } from "./docker-config.ts";

export interface DockerCredentialsOptions {
  /** Paths of `config.json` and `auth.json` files; the first that knows the registry counts. Absent files are passed over. */
  readonly files: readonly string[];
  /** The same as JSON, before the files (`DOCKER_AUTH_CONFIG`). */
  readonly json?: string | undefined;
  readonly helpers?: HelperOptions | undefined;
}

/** Finds the credentials for a reference; `undefined` = anonymous. Throws InvalidRequestError. */
export type FindCredentials = (reference: Reference) => Promise<Credentials | undefined>;

/**
 * Finds credentials where docker, podman and skopeo find them. Files are read and helpers asked anew each time, because both
 * may hold short-lived ones; results are kept as long as the token that was bought with them.
 */
export function dockerCredentials(options: DockerCredentialsOptions): FindCredentials {
  return async (reference) => {
    if (options.json) {
      const found = await findIn(parseDockerConfig(options.json, "DOCKER_AUTH_CONFIG"), reference, options);
      if (found !== undefined) return found;
    }
    for (const path of options.files) {
      const json = await readIfThere(path);
      const found =
        json === undefined ? undefined : await findIn(parseDockerConfig(json, path), reference, options);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** In docker's order: the registry's own helper, the helper for all, what is written down. */
async function findIn(
  config: DockerConfig,
  reference: Reference,
  options: DockerCredentialsOptions,
): Promise<Credentials | undefined> {
  const helper = entryFor(config.credHelpers, reference) ?? config.credsStore;
  // An empty name sends one registry past the helper for all.
  if (helper !== undefined && helper !== "") {
    const found = await askCredentialHelper(helper, helperServerUrl(reference.registry), options.helpers);
    if (found !== undefined) return found;
  }
  const entry = entryFor(config.auths, reference);
  return entry === undefined ? undefined : credentialsIn(entry);
}

function credentialsIn(entry: AuthEntry): Credentials | undefined {
  if (entry.identitytoken) return { kind: "identityToken", token: entry.identitytoken };
  if (entry.registrytoken) return { kind: "registryToken", token: entry.registrytoken };
  const decoded = Buffer.from(entry.auth ?? "", "base64")
    .toString()
    .replace(/\0+$/, "");
  // The password may hold colons, the user name may not.
  const colon = decoded.indexOf(":");
  const username = entry.username || decoded.slice(0, Math.max(0, colon));
  const password = entry.password || (colon === -1 ? "" : decoded.slice(colon + 1));
  return username === "" ? undefined : { kind: "basic", username, password };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new InvalidRequestError(`${path}: cannot be read (${String(code)})`);
  }
}
