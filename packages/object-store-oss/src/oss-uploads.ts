import type { ListedUpload, ObjectStore, UploadedPart } from "@layaway/object-store";
import { DestinationUnavailableError, UploadNotFoundError } from "@layaway/object-store";

import { quoted, unquoted, urlOf, type OssCalls } from "./oss-calls.ts";
import type { OssClient, OssResult } from "./oss-client.ts";
import { bufferOver } from "./oss-objects.ts";

type UploadCalls = Pick<
  ObjectStore,
  "createUpload" | "uploadPart" | "copyPart" | "listParts" | "completeUpload" | "abortUpload" | "listUploads"
>;

/** While OSS copies or puts parts together nothing moves on the connection. */
const serverWorkMs = 300_000;
/** The same for a part that is held back by a limit. */
const heldBackMs = 300_000;

/** Multipart uploads. Nothing of them is visible before completion, which OSS itself makes conditional. */
export function uploadCalls(calls: OssCalls): UploadCalls {
  const { place, fullKey } = calls;
  return {
    createUpload: (key, { contentType, metadata = {}, signal } = {}) =>
      calls.run({ method: "CREATE", key }, signal, async (client) => {
        const { uploadId } = await client.initMultipartUpload(fullKey(key), {
          meta: { ...metadata },
          ...(contentType === undefined ? {} : { mime: contentType }),
        });
        return { key, uploadId };
      }),

    uploadPart({ key, uploadId }, number, bytes, { signal } = {}) {
      const { pacer } = calls;
      const sizeBytes = bytes.length;
      const what = { method: `PART ${number} of`, key };
      const send = async (client: OssClient): Promise<UploadedPart> => {
        const body = bufferOver(bytes);
        const sent = await client.uploadPart(fullKey(key), uploadId, number, body, 0, sizeBytes, {});
        return { number, etag: unquoted(sent.etag), sizeBytes };
      };
      if (pacer === undefined) return calls.run(what, signal, send);
      // It is signed after the wait for its pace.
      return calls.run({ ...what, inactivityMs: heldBackMs }, signal, (client, call) =>
        pacer.paced(bytes, signal, (pieces) => {
          call.pieces = pieces;
          return send(client);
        }),
      );
    },

    copyPart: ({ key, uploadId }, number, source, { signal } = {}) =>
      calls.run({ method: `COPY ${number} of`, key, inactivityMs: serverWorkMs }, signal, async (client) => {
        const { offset, length } = source.range;
        const { res } = await client.uploadPartCopy(
          fullKey(key),
          uploadId,
          number,
          `${offset}-${offset + length - 1}`,
          { sourceKey: fullKey(source.key), sourceBucketName: place.bucket },
          { headers: { "x-oss-copy-source-if-match": quoted(source.etag) } },
        );
        return { number, etag: copiedEtag(res, urlOf(place, key)), sizeBytes: length };
      }),

    listParts: ({ key, uploadId }, { signal } = {}) =>
      calls.run({ method: "PARTS of", key }, signal, async (client) => {
        const parts: UploadedPart[] = [];
        let marker: string | undefined;
        do {
          const after = marker === undefined ? {} : { "part-number-marker": marker };
          const query = { "max-parts": String(place.listPageSize), ...after };
          const page = await client.listParts(fullKey(key), uploadId, query, {});
          for (const { PartNumber, ETag, Size } of [page.parts].flat()) {
            parts.push({ number: Number(PartNumber), etag: unquoted(ETag), sizeBytes: Number(Size) });
          }
          marker = page.isTruncated === "true" ? page.nextPartNumberMarker : undefined;
        } while (marker !== undefined);
        return parts.sort((a, b) => a.number - b.number);
      }),

    completeUpload: ({ key, uploadId }, parts, { overwrite = false, signal } = {}) =>
      calls.run({ method: "COMPLETE", key, inactivityMs: serverWorkMs }, signal, async (client) => {
        const { etag } = await client.completeMultipartUpload(
          fullKey(key),
          uploadId,
          parts.map((part) => ({ number: part.number, etag: quoted(part.etag) })),
          { headers: overwrite ? {} : { "x-oss-forbid-overwrite": "true" } },
        );
        if (etag === undefined) throw noEtag(`COMPLETE ${urlOf(place, key)}`);
        return { etag: unquoted(etag) };
      }),

    async abortUpload({ key, uploadId }, { signal } = {}) {
      try {
        await calls.run({ method: "ABORT", key }, signal, (client) =>
          client.abortMultipartUpload(fullKey(key), uploadId, {}),
        );
      } catch (error) {
        if (!(error instanceof UploadNotFoundError)) throw error;
      }
    },

    listUploads: (prefix, { signal } = {}) =>
      calls.run({ method: "UPLOADS", key: prefix }, signal, async (client) => {
        const uploads: ListedUpload[] = [];
        let after: Record<string, string> | undefined = {};
        while (after !== undefined) {
          const only = fullKey(prefix) === "" ? {} : { prefix: fullKey(prefix) };
          const page = await client.listUploads(
            { ...only, ...after, "max-uploads": String(place.listPageSize) },
            {},
          );
          for (const { name, uploadId, initiated } of page.uploads) {
            uploads.push({ key: name.slice(place.prefix.length), uploadId, startedAt: new Date(initiated) });
          }
          const { nextKeyMarker, nextUploadIdMarker } = page;
          after = page.isTruncated
            ? { "key-marker": nextKeyMarker, "upload-id-marker": nextUploadIdMarker }
            : undefined;
        }
        return uploads;
      }),
  };
}

// UploadPartCopy is documented to tell the ETag in its document; ali-oss looks at the headers only.
function copiedEtag({ headers, data }: OssResult, url: string): string {
  const inDocument = /<ETag>(?:"|&quot;)?([^<"&]+)/u.exec(Buffer.from(data ?? []).toString())?.[1];
  const etag = inDocument ?? headers["etag"];
  if (etag === undefined) throw noEtag(`COPY ${url}`);
  return unquoted(etag);
}

function noEtag(what: string): DestinationUnavailableError {
  return new DestinationUnavailableError(`${what}: the answer names no ETag`);
}
