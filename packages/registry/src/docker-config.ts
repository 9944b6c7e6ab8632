import { InvalidRequestError } from "@layaway/errors";
import { z } from "zod";

/** What of docker's `config.json`, and podman's `auth.json`, concerns credentials. */
export interface DockerConfig {
  readonly auths: ReadonlyMap<string, AuthEntry>;
  /** Names of helpers by registry. */
  readonly credHelpers: ReadonlyMap<string, string>;
  readonly credsStore: string | undefined;
}

export interface AuthEntry {
  readonly auth?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
  readonly registrytoken?: string | undefined;
}

const text = z.string().optional();
const configSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({ auth: text, username: text, password: text, identitytoken: text, registrytoken: text }),
    )
    .nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: text,
});

/** `where` is for messages, which never hold anything of the text. Throws InvalidRequestError. */
export function parseDockerConfig(json: string, where: string): DockerConfig {
  const parsed = configSchema.safeParse(parseJson(json, where));
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.map(String).join(".");
    throw new InvalidRequestError(`${where}: ${path || "the document"} is not as docker writes it`);
  }
  const { auths, credHelpers, credsStore } = parsed.data;
  return {
    auths: new Map(Object.entries(auths ?? {})),
    credHelpers: new Map(Object.entries(credHelpers ?? {})),
    credsStore: credsStore || undefined,
  };
}

function parseJson(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new InvalidRequestError(`${where}: not JSON`);
  }
}
