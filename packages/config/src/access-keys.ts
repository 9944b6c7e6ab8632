import type { Secret } from "./config.ts";
import type { DestinationSettings } from "./destination-settings.ts";
import { variable, type Environment } from "./environment.ts";
import type { Notes } from "./mistakes.ts";

/** The keys of a store, under names of our own: S3 and OSS call them differently. */
export interface AccessKeys {
  readonly id: string;
  readonly secret: Secret;
  readonly token: Secret | undefined;
}

/** The keys a destination names; half of a pair is a mistake. */
export function readKeys(
  settings: DestinationSettings,
  secretName: "secretAccessKeyFile" | "accessKeySecretFile",
  tokenName: "sessionTokenFile" | "securityTokenFile",
  { mistakes, path }: Notes,
): AccessKeys | undefined {
  const { accessKeyId: id, [secretName]: secret, [tokenName]: token } = settings;
  if (id === undefined && secret === undefined && token === undefined) return undefined;
  if (id === undefined) mistakes.add([...path, "accessKeyId"], "is missing");
  if (secret === undefined) mistakes.add([...path, secretName], "is missing");
  if (id === undefined || secret === undefined) return undefined;
  return { id, secret: file(secret), token: token === undefined ? undefined : file(token) };
}

/** The keys in the environment, where both halves of the pair are there. */
export function keysFrom(
  env: Environment,
  idName: string,
  secretName: string,
  tokenName: string,
): AccessKeys | undefined {
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
