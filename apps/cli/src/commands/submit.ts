import { InvalidRequestError } from "@layaway/errors";
import type { Archive } from "@layaway/ledger";

import type { ApiClient } from "../api-client.ts";
import { archiveLine } from "../archive-line.ts";
import { parseCount } from "../parse-count.ts";
import { parseImage } from "../parse-image.ts";
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

/**
 * `layaway submit IMAGE...`: queues images at a running API; with `--wait` until each has ended. Where one is refused, those
 * before it stay accepted, and are told all the same.
 */
export async function submit(
  images: readonly string[],
  options: SubmitOptions,
  client: Pick<ApiClient, "submit" | "get">,
  terminal: Terminal,
): Promise<void> {
  const { destination, platform, name, callbackUrl, priority } = options;
  for (const image of images) parseImage(image);
  const labels = Object.fromEntries(options.label.map(parseLabel));
  const more = priority === undefined ? {} : { priority: parseCount("--priority", priority, 100) };
  const tell = (archives: readonly Archive[]): void => {
    if (options.quiet === true) return;
    for (const archive of archives) terminal.stdout.write(`${archiveLine(archive)}\n`);
  };
  const json = (archives: readonly Archive[]): void =>
    printJson(terminal, images.length === 1 ? archives[0] : archives);
  const waits = options.wait === true;

  const accepted: Archive[] = [];
  try {
    for (const image of images) {
      const request = { image, destination, platform, name, callbackUrl, labels, ...more };
      const archive = await client.submit(request);
      accepted.push(archive);
      if (options.json !== true && !waits) tell([archive]);
    }
  } catch (error) {
    if (options.json === true && images.length > 1) json(accepted);
    else if (waits) tell(accepted);
    throw error;
  }
  if (!waits) {
    if (options.json === true) json(accepted);
    return;
  }
  const ids = accepted.map((archive) => archive.id);
  const quiet = options.quiet === true || options.json === true;
  const archives = await watchArchives(client, ids, terminal, { quiet });
  if (options.json === true) json(archives);
  else tell(archives);
  throwIfOneFailed(archives);
}

function parseLabel(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidRequestError(`--label ${text}: wanted NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}
