import { InvalidRequestError } from "@layaway/errors";

import type { ApiClient } from "../api-client.ts";
import { archiveLine } from "../archive-line.ts";
import { printJson } from "../print-json.ts";
import type { Terminal } from "../terminal.ts";
import { watchArchives } from "../watch-archive.ts";
import { throwIfOneFailed } from "./status.ts";

export interface SubmitOptions {
  readonly destination?: string;
  readonly platform?: string;
  readonly name?: string;
  readonly callbackUrl?: string;
  readonly priority?: string;
  readonly label: readonly string[];
  readonly wait?: true;
  readonly quiet?: true;
  readonly json?: true;
}

/** `layaway submit IMAGE...`: queues images at a running API; with `--wait` until each has ended. */
export async function submit(
  images: readonly string[],
  options: SubmitOptions,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const { destination, platform, name, callbackUrl, priority } = options;
  const labels = Object.fromEntries(options.label.map(parseLabel));
  const accepted = [];
  for (const image of images) {
    const request = { image, destination, platform, name, callbackUrl, labels };
    accepted.push(
      await client.submit({ ...request, ...(priority === undefined ? {} : { priority: Number(priority) }) }),
    );
  }
  const quiet = options.quiet === true || options.json === true;
  const ids = accepted.map((archive) => archive.id);
  const archives = options.wait === true ? await watchArchives(client, ids, terminal, { quiet }) : accepted;
  if (options.json === true) printJson(terminal, archives.length === 1 ? archives[0] : archives);
  else if (options.quiet !== true)
    for (const archive of archives) terminal.stdout.write(`${archiveLine(archive)}\n`);
  if (options.wait === true) throwIfOneFailed(archives);
}

function parseLabel(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidRequestError(`--label ${text}: wanted NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}
