import { InvalidRequestError } from "@layaway/errors";
import { ObjectConflictError, ObjectNotFoundError } from "./errors.ts";
import { MemoryUploads } from "./memory-uploads.ts";
import { etagOf, refuseAborted } from "./memory-object.ts";
import type { MemoryObject } from "./memory-object.ts";
import type { ObjectInfo, ObjectStore, StoreLimits } from "./object-store.ts";

export interface MemoryStoreOptions {
  /** S3's limits where nothing else is said; small ones make small tests. */
  readonly limits?: Partial<StoreLimits>;
  readonly now?: () => Date;
}

const mebibyte = 1024 * 1024;

/** As S3 has them: "Amazon S3 multipart upload limits"; a range can be copied of objects greater than 5 MB. */
const s3Limits: StoreLimits = {
  minPartBytes: 5 * mebibyte,
  maxPartBytes: 5 * 1024 * mebibyte,
  maxParts: 10_000,
  minCopySourceBytes: 5 * mebibyte + 1,
  maxObjectBytes: 50_000 * 1024 * mebibyte,
};

const defaultPageSize = 1000;

/** A store in this process' memory, as strict as S3: for tests, and as the contract's plainest reading. */
export function createMemoryStore(options: MemoryStoreOptions = {}): ObjectStore {
  const limits: StoreLimits = { ...s3Limits, ...options.limits };
  const now = options.now ?? ((): Date => new Date());
  const objects = new Map<string, MemoryObject>();
  const uploads = new MemoryUploads(objects, limits, now);

  return {
    limits,
    url: (key) => `memory://${key}`,

    async head(key, call = {}) {
      refuseAborted(call.signal, `HEAD ${key}`);
      const object = objects.get(key);
      return object === undefined ? undefined : infoOf(key, object);
    },

    async get(key, call = {}) {
      refuseAborted(call.signal, `GET ${key}`);
      const { bytes, etag } = existing(objects, key);
      if (call.ifMatch !== undefined && call.ifMatch !== etag)
        throw new ObjectConflictError(`GET ${key}: it is not the object that was meant`);
      const { offset, length } = call.range ?? { offset: 0, length: bytes.length };
      if (call.range !== undefined && length > 0 && offset >= bytes.length) {
        throw new ObjectConflictError(`GET ${key}: it has ${bytes.length} bytes, none at ${offset}`);
      }
      return inChunks(bytes.subarray(offset, offset + length), call.signal, `GET ${key}`);
    },

    async put(key, bytes, call = {}) {
      refuseAborted(call.signal, `PUT ${key}`);
      if (call.ifAbsent === true && objects.has(key))
        throw new ObjectConflictError(`PUT ${key}: the key is taken`);
      const object: MemoryObject = {
        bytes: Buffer.from(bytes),
        etag: etagOf(bytes),
        metadata: { ...call.metadata },
        lastModified: now(),
      };
      objects.set(key, object);
      return { etag: object.etag };
    },

    async list(prefix, call = {}) {
      refuseAborted(call.signal, `LIST ${prefix}`);
      const limit = call.limit ?? defaultPageSize;
      if (limit < 1) throw new InvalidRequestError(`LIST ${prefix}: a page of ${limit} objects`);
      const keys = [...objects.keys()]
        .filter((key) => key.startsWith(prefix))
        .sort(byBytes)
        .filter((key) => call.cursor === undefined || byBytes(key, call.cursor) > 0);
      const page = keys.slice(0, limit);
      const last = page.at(-1);
      return {
        objects: page.map((key) => infoOf(key, existing(objects, key))),
        ...(keys.length > limit && last !== undefined ? { nextCursor: last } : {}),
      };
    },

    async delete(key, call = {}) {
      refuseAborted(call.signal, `DELETE ${key}`);
      objects.delete(key);
    },

    createUpload: async (key, call = {}) => uploads.create(key, call),
    uploadPart: async (upload, number, bytes, call = {}) => uploads.fill(upload, number, bytes, call),
    async copyPart(upload, number, source, call = {}) {
      refuseAborted(call.signal, `COPY ${source.key}`);
      return uploads.copy(upload, number, existing(objects, source.key), source);
    },
    listParts: async (upload, call = {}) => uploads.parts(upload, call),
    completeUpload: async (upload, parts, call = {}) => uploads.complete(upload, parts, call),
    abortUpload: async (upload, call = {}) => uploads.abort(upload, call),
    listUploads: async (prefix, call = {}) => uploads.list(prefix, call),

    presignGet: async () => undefined,
    close: async () => undefined,
  };
}

/** S3 sorts by the bytes of the UTF-8 form, which is not how JavaScript compares strings. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function existing(objects: ReadonlyMap<string, MemoryObject>, key: string): MemoryObject {
  const object = objects.get(key);
  if (object === undefined) throw new ObjectNotFoundError(`GET ${key}: no such object`);
  return object;
}

function infoOf(key: string, object: MemoryObject): ObjectInfo {
  const metadata = Object.entries(object.metadata).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  return {
    key,
    sizeBytes: object.bytes.length,
    etag: object.etag,
    lastModified: object.lastModified,
    metadata: Object.fromEntries(metadata),
  };
}

async function* inChunks(
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  what: string,
): AsyncGenerator<Uint8Array> {
  const chunkBytes = 64 * 1024;
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    refuseAborted(signal, what);
    // A copy: what a reader does with its chunk is its own business.
    yield Buffer.from(bytes.subarray(at, at + chunkBytes));
  }
}
