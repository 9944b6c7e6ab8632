import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

import { InvalidRequestError } from "@layaway/errors";
import { z } from "zod";

import type { Credentials } from "./credentials.ts";

export interface HelperOptions {
  /** The helper's environment, with the PATH on which it is looked for; this process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** 10 s by default. */
  readonly timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 10_000;
const maxOutputBytes = 64 * 1024;
const notFound = "credentials not found in native keychain";
const answer = z.object({ Username: z.string(), Secret: z.string() });

/**
 * Runs `docker-credential-<name> get` (docker-credential-helpers): the server's URL goes in on stdin, JSON comes on stdout,
 * and so do its error messages. `undefined` where it knows nothing of the server. No shell is involved, and nothing that it
 * writes gets into a message. Throws InvalidRequestError.
 */
export async function askCredentialHelper(
  name: string,
  serverUrl: string,
  options: HelperOptions = {},
): Promise<Credentials | undefined> {
  if (!/^[a-z0-9._-]+$/.test(name))
    throw new InvalidRequestError("credential helper: its name has characters it may not have");
  const command = `docker-credential-${name}`;
  const { output, exitCode } = await run(command, serverUrl, options);
  if (exitCode !== 0) {
    if (output.trim() === notFound) return undefined;
    throw new InvalidRequestError(`${command} failed for ${serverUrl} with exit status ${exitCode}`);
  }
  const parsed = answer.safeParse(parseJson(output));
  if (!parsed.success) throw new InvalidRequestError(`${command} gave no credentials for ${serverUrl}`);
  const { Username: username, Secret: secret } = parsed.data;
  if (username === "<token>") return { kind: "identityToken", token: secret };
  return username === "" && secret === "" ? undefined : { kind: "basic", username, password: secret };
}

async function run(
  command: string,
  input: string,
  options: HelperOptions,
): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const child = spawn(command, ["get"], {
    stdio: ["pipe", "pipe", "ignore"],
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", () => reject(new InvalidRequestError(`${command} cannot be run; is it installed?`)));
    child.once("close", resolve);
  });
  let refusal: string | undefined;
  const stop = (why: string): void => {
    refusal ??= why;
    child.kill("SIGKILL");
    // What the helper started may hold the pipe open; nobody waits for that.
    child.stdout.destroy();
  };
  const timer = setTimeout(() => stop(`did not answer within ${timeoutMs} ms`), timeoutMs);
  try {
    // A helper that does not read its input is told by its output.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const [output, exitCode] = await Promise.all([
      readAtMost(child.stdout, () => stop("wrote too much")),
      exited,
    ]);
    if (refusal !== undefined) throw new InvalidRequestError(`${command} ${refusal}`);
    return { output, exitCode };
  } finally {
    clearTimeout(timer);
  }
}

function readAtMost(stream: Readable, onExcess: () => void): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  return new Promise((resolve) => {
    stream.on("data", (piece: Buffer) => {
      sizeBytes += piece.length;
      if (sizeBytes > maxOutputBytes) onExcess();
      else pieces.push(piece);
    });
    stream.once("close", () => resolve(Buffer.concat(pieces).toString()));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
