import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { CancelledError, InternalError, InvalidRequestError } from "@layaway/errors";

import type { ApiClient } from "../api-client.ts";
import type { Terminal } from "../terminal.ts";

export interface DownloadOptions {
  readonly output?: string;
  readonly quiet?: true;
}

/**
 * `layaway download ID [-o FILE]`: the archive into a file, or to stdout with `-o -` (for `| docker load`).
 * A file has its name only when it is complete.
 */
export async function download(
  id: string,
  options: DownloadOptions,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const toFile = options.output !== "-";
  if (options.output !== undefined && toFile) await checkPlace(options.output);
  const { body, fileName, sizeBytes } = await client.download(id);
  const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  if (!toFile) {
    await pipeline(source, terminal.stdout, { end: false, signal: terminal.signal }).catch(
      (cause: unknown) => {
        terminal.signal.throwIfAborted();
        throw new InternalError(`${id}: the download broke off: ${messageOf(cause)}`, { cause });
      },
    );
    return;
  }
  const path = options.output ?? fileName;
  const partial = `${path}.partial`;
  try {
    const file = createWriteStream(partial);
    await pipeline(source, file, { signal: terminal.signal });
    if (sizeBytes !== undefined && file.bytesWritten !== sizeBytes) {
      throw new InternalError(`${path}: ${file.bytesWritten} of ${sizeBytes} bytes came`);
    }
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    if (terminal.signal.aborted)
      throw new CancelledError("download stopped; nothing is left of it", { cause });
    throw cause instanceof InternalError
      ? cause
      : new InternalError(`${path}: ${messageOf(cause)}`, { cause });
  }
  if (options.quiet !== true) terminal.stdout.write(`${path}\n`);
}

/** Said before the first byte is asked for, not when the last one has come. */
async function checkPlace(path: string): Promise<void> {
  const refuse = (why: string): InvalidRequestError => new InvalidRequestError(`--output ${path}: ${why}`);
  const isDirectory = async (what: string): Promise<boolean> =>
    stat(what).then(
      (found) => found.isDirectory(),
      () => false,
    );
  if (await isDirectory(path)) throw refuse("is a directory; name a file in it");
  if (!(await isDirectory(dirname(path)))) throw refuse("its directory does not exist");
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
