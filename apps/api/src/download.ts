import { Readable } from "node:stream";

import type { Governor } from "@layaway/bandwidth";
import type { Archive } from "@layaway/ledger";
import {
  type ByteRange,
  DestinationUnknownError,
  type ObjectInfo,
  ObjectNotFoundError,
} from "@layaway/object-store";
import type { FastifyReply, FastifyRequest } from "fastify";

import type { ApiDeps, ApiDestination } from "./api-deps.ts";
import { parseByteRange } from "./byte-range.ts";
import { downloadFilename } from "./download-filename.ts";
import { HttpError } from "./http-error.ts";
import { pacedBody } from "./paced-body.ts";

/** Short, because whoever has the URL has the archive until then. */
const presignedSeconds = 15 * 60;

/** Sends the caller to the store, or streams the archive where the store has no presigned URLs. */
export async function sendDownload(
  deps: Pick<ApiDeps, "destinations" | "bandwidth">,
  archive: Archive,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (archive.state !== "completed" || archive.key === undefined) {
    throw new HttpError(409, "invalid_request", `archive ${archive.id} is ${archive.state}, not completed`);
  }
  const { store } = destinationOf(deps, archive);
  const object = await store.head(archive.key);
  if (object === undefined)
    throw new ObjectNotFoundError(`archive ${archive.id} is no longer in ${archive.destination}`);
  const filename = downloadFilename(archive);
  const url = await store.presignGet(archive.key, { expiresInSeconds: presignedSeconds, filename });
  if (url !== undefined) return reply.redirect(url, 302);
  const { governor } = deps.bandwidth.fleet;
  return sendObject({ store, object, filename, governor }, request, reply);
}

function destinationOf(deps: Pick<ApiDeps, "destinations">, archive: Archive): ApiDestination {
  const destination = deps.destinations.get(archive.destination);
  if (destination !== undefined) return destination;
  throw new DestinationUnknownError(`destination ${archive.destination} is no longer in the configuration`);
}

interface Sending {
  readonly store: ApiDestination["store"];
  readonly object: ObjectInfo;
  readonly filename: string;
  readonly governor: Governor;
}

async function sendObject(
  sending: Sending,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { object, filename } = sending;
  const range = rangeOf(object, request);
  const body = await openObject(sending, range, request, reply);
  void reply.headers({
    "accept-ranges": "bytes",
    "content-disposition": `attachment; filename="${filename}"`,
    "content-length": String(range?.length ?? object.sizeBytes),
    "content-type": "application/x-tar",
    etag: `"${object.etag}"`,
  });
  if (range !== undefined) {
    const last = range.offset + range.length - 1;
    void reply.code(206).header("content-range", `bytes ${range.offset}-${last}/${object.sizeBytes}`);
  }
  return reply.send(body);
}

function rangeOf(object: ObjectInfo, request: FastifyRequest): ByteRange | undefined {
  const ifRange = request.headers["if-range"];
  const isSameObject = ifRange === undefined || ifRange === `"${object.etag}"`;
  const wanted = parseByteRange(isSameObject ? request.headers.range : undefined, object.sizeBytes);
  switch (wanted.kind) {
    case "whole":
      return undefined;
    case "range":
      return wanted.range;
    case "unsatisfiable": {
      const headers = { "content-range": `bytes */${object.sizeBytes}` };
      throw new HttpError(416, "invalid_request", `the archive has ${object.sizeBytes} bytes`, { headers });
    }
  }
}

async function openObject(
  { store, object, governor }: Sending,
  range: ByteRange | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Readable> {
  // The body of a HEAD would be read from the store to its end, and thrown away.
  if (request.method === "HEAD") return Readable.from([]);
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const body = await store.get(object.key, {
    signal: gone.signal,
    ...(range === undefined ? {} : { range }),
  });
  return Readable.from(pacedBody(body, governor, gone.signal), { objectMode: false });
}
