import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { CancelledError, InternalError } from "@layaway/errors";

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
  const { body, fileName, sizeBytes } = await client.download(id);
  const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  if (options.output === "-") {
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

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
