import { InvalidRequestError } from "@layaway/errors";
import { ObjectConflictError, UploadNotFoundError } from "./errors.ts";
import { etagOf, refuseAborted } from "./memory-object.ts";
import type { MemoryObject } from "./memory-object.ts";
import type {
  ByteRange,
  CallOptions,
  ListedUpload,
  StoreLimits,
  Upload,
  UploadedPart,
  WriteOptions,
} from "./object-store.ts";

interface OpenUpload {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly startedAt: Date;
  readonly parts: Map<number, { readonly bytes: Uint8Array; readonly etag: string }>;
}

/** The multipart uploads of a memory store: parts lie here until a completion moves them among the objects. */
export class MemoryUploads {
  readonly #objects: Map<string, MemoryObject>;
  readonly #limits: StoreLimits;
  readonly #now: () => Date;
  readonly #open = new Map<string, OpenUpload>();
  #created = 0;

  constructor(objects: Map<string, MemoryObject>, limits: StoreLimits, now: () => Date) {
    this.#objects = objects;
    this.#limits = limits;
    this.#now = now;
  }

  create(key: string, { signal, metadata = {} }: WriteOptions): Upload {
    refuseAborted(signal, `CREATE ${key}`);
    this.#created += 1;
    const uploadId = `upload-${this.#created}`;
    this.#open.set(uploadId, { key, metadata, startedAt: this.#now(), parts: new Map() });
    return { key, uploadId };
  }

  fill(upload: Upload, number: number, bytes: Uint8Array, { signal }: CallOptions): UploadedPart {
    refuseAborted(signal, `PART ${number} of ${upload.key}`);
    const { parts } = this.#find(upload);
    this.#refusePart(upload, number, bytes.length);
    // Copied: the caller may use its buffer again.
    const part = { bytes: Buffer.from(bytes), etag: etagOf(bytes) };
    parts.set(number, part);
    return { number, etag: part.etag, sizeBytes: bytes.length };
  }

  copy(
    upload: Upload,
    number: number,
    from: MemoryObject,
    source: { readonly key: string; readonly etag: string; readonly range: ByteRange },
  ): UploadedPart {
    const { offset, length } = source.range;
    if (from.etag !== source.etag) throw new ObjectConflictError(`COPY ${source.key}: it has changed`);
    if (
      from.bytes.length < this.#limits.minCopySourceBytes ||
      length < 1 ||
      offset + length > from.bytes.length
    ) {
      const range = `${length} bytes at ${offset} of ${from.bytes.length}`;
      throw new InvalidRequestError(`COPY ${source.key}: cannot copy ${range}`);
    }
    return this.fill(upload, number, from.bytes.subarray(offset, offset + length), {});
  }

  parts(upload: Upload, { signal }: CallOptions): readonly UploadedPart[] {
    refuseAborted(signal, `PARTS of ${upload.key}`);
    return [...this.#find(upload).parts]
      .sort(([a], [b]) => a - b)
      .map(([number, { bytes, etag }]) => ({ number, etag, sizeBytes: bytes.length }));
  }

  complete(
    upload: Upload,
    wanted: readonly UploadedPart[],
    { signal, overwrite = false }: CallOptions & { readonly overwrite?: boolean },
  ): { readonly etag: string } {
    refuseAborted(signal, `COMPLETE ${upload.key}`);
    const open = this.#find(upload);
    const parts = this.#partsInOrder(open, wanted);
    if (!overwrite && this.#objects.has(upload.key)) {
      throw new ObjectConflictError(`COMPLETE ${upload.key}: the key is taken`);
    }
    const etag = `${etagOf(Buffer.concat(parts.map((part) => Buffer.from(part.etag, "hex"))))}-${parts.length}`;
    const bytes = Buffer.concat(parts.map((part) => part.bytes));
    this.#objects.set(upload.key, { bytes, etag, metadata: open.metadata, lastModified: this.#now() });
    this.#open.delete(upload.uploadId);
    return { etag };
  }

  abort(upload: Upload, { signal }: CallOptions): void {
    refuseAborted(signal, `ABORT ${upload.key}`);
    this.#open.delete(upload.uploadId);
  }

  list(prefix: string, { signal }: CallOptions): readonly ListedUpload[] {
    refuseAborted(signal, `UPLOADS ${prefix}`);
    return [...this.#open]
      .filter(([, { key }]) => key.startsWith(prefix))
      .map(([uploadId, { key, startedAt }]) => ({ key, uploadId, startedAt }));
  }

  #find(upload: Upload): OpenUpload {
    const open = this.#open.get(upload.uploadId);
    if (open?.key !== upload.key) throw new UploadNotFoundError(`upload of ${upload.key}: no such upload`);
    return open;
  }

  #refusePart({ key }: Upload, number: number, sizeBytes: number): void {
    const { maxParts, maxPartBytes } = this.#limits;
    if (!Number.isInteger(number) || number < 1 || number > maxParts) {
      throw new InvalidRequestError(`PART ${number} of ${key}: numbers go from 1 to ${maxParts}`);
    }
    if (sizeBytes > maxPartBytes)
      throw new InvalidRequestError(`PART ${number} of ${key}: over ${maxPartBytes} bytes`);
  }

  /** The rules a store holds a completion to: ascending numbers, the very parts that were sent, none too small but the last. */
  #partsInOrder(
    { key, parts }: OpenUpload,
    wanted: readonly UploadedPart[],
  ): { bytes: Uint8Array; etag: string }[] {
    const refuse = (why: string): never => {
      throw new InvalidRequestError(`COMPLETE ${key}: ${why}`);
    };
    if (wanted.length === 0) refuse("no parts");
    let sizeBytes = 0;
    const inOrder = wanted.map(({ number, etag }, index) => {
      const part = parts.get(number);
      if (part?.etag !== etag) return refuse(`part ${number} is not the one that was sent`);
      if (number <= (wanted[index - 1]?.number ?? 0)) refuse("its parts are not in ascending order");
      const last = index === wanted.length - 1;
      if (!last && part.bytes.length < this.#limits.minPartBytes) refuse(`part ${number} is too small`);
      sizeBytes += part.bytes.length;
      return part;
    });
    if (sizeBytes > this.#limits.maxObjectBytes) refuse("too large");
    return inOrder;
  }
}
