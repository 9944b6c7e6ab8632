import { readFile } from "node:fs/promises";

import type { Secret } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";

/** The secret itself; a file's trailing line end is not part of it. `name` is the setting, for the error. */
export async function readSecret(secret: Secret, name: string): Promise<string> {
  if (secret.kind === "value") return secret.value;
  try {
    return (await readFile(secret.path, "utf8")).replace(/\r?\n$/, "");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "cannot be read";
    throw new InvalidRequestError(`${name}: ${secret.path}: ${reason}`, { cause });
  }
}
