import type { LazyBlob } from "./contents.ts";
import type { Answer } from "./send-answer.ts";

/** The blob, or the range of it that was asked for. */
export function blobAnswer(blob: LazyBlob, range: string | undefined, ignoreRange: boolean): Answer {
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": blob.digest,
    etag: `"${blob.digest}"`,
  };
  const whole: Answer = { status: 200, headers, sizeBytes: blob.sizeBytes, read: blob.read };
  const [, from = "", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (ignoreRange || from === "") return whole;
  const start = Number(from);
  const end = Math.min(to === "" ? Number.POSITIVE_INFINITY : Number(to), blob.sizeBytes - 1);
  if (start >= blob.sizeBytes || end < start) {
    return { ...whole, status: 416, headers: { "content-range": `bytes */${blob.sizeBytes}` }, sizeBytes: 0 };
  }
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${start}-${end}/${blob.sizeBytes}` },
    sizeBytes: end - start + 1,
    read: (offset, length) => blob.read(start + offset, length),
  };
}
