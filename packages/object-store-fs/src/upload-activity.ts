/**
 * What this process is doing with its uploads. Once an upload completes, its data file is the visible object; so parts
 * that are still being written are waited for, and later ones are refused. Other processes are held off by the file's
 * link count (see `writePart`).
 */
export class UploadActivity {
  readonly #uploads = new Map<
    string,
    { readonly writing: Set<Promise<unknown>>; closing: boolean; slotBytes: number }
  >();

  /** Runs one part's writing. `slotBytes` is settled by the first part of this process, or earlier by another's. */
  async write<T>(
    uploadId: string,
    sizeBytes: number,
    widestSlot: () => Promise<number>,
    write: (slotBytes: number) => Promise<T>,
    isClosing: () => Error,
  ): Promise<T> {
    const upload = this.#of(uploadId);
    if (upload.closing) throw isClosing();
    upload.slotBytes = Math.max(upload.slotBytes, sizeBytes);
    const work = (async () => {
      const widestOfAll = await widestSlot();
      upload.slotBytes = Math.max(upload.slotBytes, widestOfAll);
      return await write(upload.slotBytes);
    })();
    upload.writing.add(work);
    try {
      return await work;
    } finally {
      upload.writing.delete(work);
    }
  }

  /** Runs what ends an upload, alone. */
  async end<T>(uploadId: string, end: () => Promise<T>, isClosing: () => Error): Promise<T> {
    const upload = this.#of(uploadId);
    if (upload.closing) throw isClosing();
    upload.closing = true;
    await Promise.allSettled(upload.writing);
    try {
      const result = await end();
      this.#uploads.delete(uploadId);
      return result;
    } finally {
      upload.closing = false;
    }
  }

  #of(uploadId: string): { readonly writing: Set<Promise<unknown>>; closing: boolean; slotBytes: number } {
    const known = this.#uploads.get(uploadId);
    if (known !== undefined) return known;
    const made = { writing: new Set<Promise<unknown>>(), closing: false, slotBytes: 0 };
    this.#uploads.set(uploadId, made);
    return made;
  }
}
