import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";

import { type Config, parseLimit } from "@layaway/config";
import { authFiles, openSource, type Source } from "@layaway/connect";
import { InvalidRequestError } from "@layaway/errors";

import type { Terminal } from "./terminal.ts";
import { userAgent } from "./version.ts";

/** The options of every command that reads from a registry itself. */
export interface SourceFlags {
  readonly limit?: string;
  readonly authfile?: string;
  readonly creds?: string;
  readonly tlsVerify?: string;
  readonly plainHttp?: true;
  readonly ca?: string;
}

/** A registry client for the user of this process, who is the operator: any host may be named. */
export async function openUserSource(
  config: Config,
  flags: SourceFlags,
  terminal: Terminal,
): Promise<Source> {
  if (flags.authfile !== undefined) await checkReadable("--authfile", flags.authfile);
  // What is said of this one run holds at whatever hour it is.
  const limited =
    flags.limit === undefined
      ? config
      : { ...config, bandwidth: { ...config.bandwidth, limit: parseLimit(flags.limit), calendar: [] } };
  return openSource({
    config: limited,
    trust: "operator",
    authFiles: flags.authfile === undefined ? authFiles(terminal.env, homedir()) : [flags.authfile],
    userAgent,
    onWarning: ({ registry, text }) => terminal.stderr.write(`layaway: warning: ${registry}: ${text}\n`),
    ...(flags.creds === undefined ? {} : { credentials: parseCredentials(flags.creds) }),
    ...(flags.tlsVerify === undefined ? {} : { tlsVerify: parseBoolean("--tls-verify", flags.tlsVerify) }),
    ...(flags.plainHttp === undefined ? {} : { plainHttp: flags.plainHttp }),
    ...(flags.ca === undefined ? {} : { caFile: flags.ca }),
  });
}

/** Files in the usual places may be missing; one that was named is meant. */
async function checkReadable(name: string, file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "cannot be read";
    throw new InvalidRequestError(`${name} ${file}: ${reason}`, { cause });
  }
}

function parseCredentials(text: string): {
  readonly kind: "basic";
  readonly username: string;
  readonly password: string;
} {
  const at = text.indexOf(":");
  if (at === 0 || text === "") throw new InvalidRequestError("--creds: wanted USER[:PASSWORD]");
  return at === -1
    ? { kind: "basic", username: text, password: "" }
    : { kind: "basic", username: text.slice(0, at), password: text.slice(at + 1) };
}

function parseBoolean(name: string, text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new InvalidRequestError(`${name}: wanted true or false, not "${text}"`);
}
