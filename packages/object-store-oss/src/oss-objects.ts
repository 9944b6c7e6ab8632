import type { Readable } from "node:stream";

import type { ByteRange, ListPage, ObjectInfo, ObjectStore } from "@layaway/object-store";
import { DestinationUnavailableError } from "@layaway/object-store";

import { quoted, unquoted, urlOf, type OssCalls } from "./oss-calls.ts";
import type { OssResult } from "./oss-client.ts";
import { isAbsent, storeErrorOf } from "./oss-errors.ts";
import type { OssCall } from "./oss-transport.ts";

type ObjectCalls = Pick<ObjectStore, "head" | "get" | "put" | "list" | "delete">;

/** Objects in one piece. */
export function objectCalls(calls: OssCalls): ObjectCalls {
  const { place, fullKey } = calls;
  return {
    async head(key, { signal } = {}) {
      try {
        return await calls.run({ method: "HEAD", key }, signal, async (client) =>
          infoOf(key, (await client.head(fullKey(key), {})).res),
        );
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },

    get: (key, { range, ifMatch, signal } = {}) =>
      calls.run({ method: "GET", key }, signal, async (client, context) => {
        const condition: Record<string, string> =
          ifMatch === undefined ? {} : { "If-Match": quoted(ifMatch) };
        const { stream, res } = await client.getStream(fullKey(key), {
          headers: { ...rangeHeaders(range), ...condition },
        });
        const what = `GET ${urlOf(place, key)}`;
        if (range !== undefined && !isThatRange(res, range)) {
          stream.destroy();
          throw new DestinationUnavailableError(`${what}: not the range that was asked for`);
        }
        return bytesOf(stream, what, context);
      }),

    put: (key, bytes, { ifAbsent = false, contentType, metadata = {}, signal } = {}) =>
      calls.run({ method: "PUT", key }, signal, async (client) => {
        const { res } = await client.put(fullKey(key), bufferOver(bytes), {
          meta: { ...metadata },
          headers: ifAbsent ? { "x-oss-forbid-overwrite": "true" } : {},
          ...(contentType === undefined ? {} : { mime: contentType }),
        });
        return { etag: unquoted(res.headers["etag"] ?? "") };
      }),

    list: (prefix, { cursor, limit = place.listPageSize, signal } = {}) =>
      calls.run({ method: "LIST", key: prefix }, signal, async (client) => {
        const listing = await client.listV2(
          {
            // An empty value is signed as `prefix=` by ali-oss, and as `prefix` by whoever goes by the specification.
            ...(fullKey(prefix) === "" ? {} : { prefix: fullKey(prefix) }),
            ...(cursor === undefined ? {} : { "continuation-token": cursor }),
            "max-keys": String(Math.min(limit, place.listPageSize)),
          },
          {},
        );
        const { nextContinuationToken: nextCursor } = listing;
        const page: ListPage = {
          objects: listing.objects.map(({ name, size, etag, lastModified }) => ({
            key: name.slice(place.prefix.length),
            sizeBytes: size,
            etag: unquoted(etag),
            lastModified: new Date(lastModified),
          })),
          ...(listing.isTruncated && nextCursor !== null ? { nextCursor } : {}),
        };
        return page;
      }),

    delete: (key, { signal } = {}) =>
      calls.run({ method: "DELETE", key }, signal, async (client) => {
        await client.delete(fullKey(key), {});
      }),
  };
}

function infoOf(key: string, { headers }: OssResult): ObjectInfo {
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith("x-oss-meta-") && value !== undefined
      ? [[name.slice("x-oss-meta-".length), value] as const]
      : [],
  );
  const lastModified = headers["last-modified"];
  return {
    key,
    sizeBytes: Number(headers["content-length"]),
    etag: unquoted(headers["etag"] ?? ""),
    metadata: Object.fromEntries(metadata),
    ...(lastModified === undefined ? {} : { lastModified: new Date(lastModified) }),
  };
}

// Without the second header OSS answers a range that cannot be had with the whole object (GetObject, "Range").
function rangeHeaders(range: ByteRange | undefined): Record<string, string> {
  if (range === undefined) return {};
  const last = range.offset + range.length - 1;
  return { Range: `bytes=${range.offset}-${last}`, "x-oss-range-behavior": "standard" };
}

function isThatRange(res: { readonly status: number } & OssResult, range: ByteRange): boolean {
  const first = /^bytes (\d+)-/u.exec(res.headers["content-range"] ?? "")?.[1];
  return res.status === 206 && Number(first) === range.offset;
}

async function* bytesOf(stream: Readable, what: string, call: OssCall): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of stream) {
      if (piece instanceof Uint8Array) yield piece;
    }
  } catch (error) {
    throw storeErrorOf(error, what, { ...call, failure: error });
  }
}

/** The same memory as a Buffer, which ali-oss insists on. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
