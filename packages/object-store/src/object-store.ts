/** What a store allows in a multipart upload; the source of each figure stands in the adapter. */
export interface StoreLimits {
  readonly minPartBytes: number;
  readonly maxPartBytes: number;
  readonly maxParts: number;
  /** Least size of a source object of which a range can be copied. */
  readonly minCopySourceBytes: number;
  readonly maxObjectBytes: number;
}

/** An object's description. `metadata` keys are lower case. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** Opaque, without quotes. */
  readonly etag: string;
  readonly lastModified?: Date;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An object as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly lastModified?: Date;
}

export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** A multipart upload that was begun. Plain data: it can be written down and gone on with elsewhere. */
export interface Upload {
  readonly key: string;
  readonly uploadId: string;
}

export interface ListedUpload extends Upload {
  readonly startedAt?: Date;
}

export interface UploadedPart {
  readonly number: number;
  /** Opaque, without quotes. */
  readonly etag: string;
  readonly sizeBytes: number;
  /** The checksum that the store wants back on completion, where one was asked for: base64. */
  readonly checksum?: string;
}

/** A byte range: `length` bytes from `offset` on. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  readonly contentType?: string;
  /** Lower-case keys, ASCII values. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * An object store: one destination (bucket and prefix, or directory). Keys are relative to the destination's prefix.
 *
 * Every method throws only errors of `errors.ts`, `CancelledError` where its signal was aborted, and `InvalidRequestError`
 * where the call breaks a rule of the store (a part too small, a list out of order). Each makes one attempt, so that the
 * caller's retry loop passes the governor and sees `retryable`. Nothing of an upload is visible before `completeUpload`.
 */
export interface ObjectStore {
  readonly limits: StoreLimits;
  /** For people: `s3://bucket/prefix/key`. Never signed. */
  url(key: string): string;
  head(key: string, options?: CallOptions): Promise<ObjectInfo | undefined>;
  /**
   * The object's bytes, or one range of them; of a range that ends behind the object's end, what there is. Throws
   * `ObjectNotFoundError`, and `ObjectConflictError` for a range that begins behind the end and for an object that has not
   * the ETag `ifMatch`; the latter at the first piece at the latest.
   */
  get(
    key: string,
    options?: CallOptions & { readonly range?: ByteRange; readonly ifMatch?: string },
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Writes a small object in one request. With `ifAbsent` throws `ObjectConflictError` where the key is taken. */
  put(
    key: string,
    bytes: Uint8Array,
    options?: WriteOptions & { readonly ifAbsent?: boolean },
  ): Promise<{ readonly etag: string }>;
  /** Objects whose key begins with `prefix`, in key order. */
  list(
    prefix: string,
    options?: CallOptions & { readonly cursor?: string; readonly limit?: number },
  ): Promise<ListPage>;
  /** Deleting what is not there is no error. */
  delete(key: string, options?: CallOptions): Promise<void>;

  createUpload(key: string, options?: WriteOptions): Promise<Upload>;
  /** Parts may come in any order; a number that is sent again replaces the earlier one. */
  uploadPart(upload: Upload, number: number, bytes: Uint8Array, options?: CallOptions): Promise<UploadedPart>;
  /** Copies a range of another object of this destination; throws `ObjectConflictError` where its ETag differs. */
  copyPart(
    upload: Upload,
    number: number,
    source: { readonly key: string; readonly etag: string; readonly range: ByteRange },
    options?: CallOptions,
  ): Promise<UploadedPart>;
  /** Every part that the store has, in order of numbers. Throws `UploadNotFoundError`. */
  listParts(upload: Upload, options?: CallOptions): Promise<readonly UploadedPart[]>;
  /**
   * Makes the object visible, only where the key is free (unless `overwrite`): else `ObjectConflictError`.
   * `UploadNotFoundError` may mean that an earlier attempt succeeded: look with `head`.
   */
  completeUpload(
    upload: Upload,
    parts: readonly UploadedPart[],
    options?: CallOptions & { readonly overwrite?: boolean },
  ): Promise<{ readonly etag: string }>;
  /** Aborting what is gone is no error. */
  abortUpload(upload: Upload, options?: CallOptions): Promise<void>;
  /** Uploads that were begun and neither completed nor aborted, below `prefix`. */
  listUploads(prefix: string, options?: CallOptions): Promise<readonly ListedUpload[]>;

  /** A URL that anyone may read the object with until it expires; `undefined` where the store has no such thing. */
  presignGet(
    key: string,
    options: { readonly expiresInSeconds: number; readonly filename?: string },
  ): Promise<string | undefined>;
  /** Ends kept-alive connections. */
  close(): Promise<void>;
}
