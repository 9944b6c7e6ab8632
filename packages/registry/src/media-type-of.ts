/** What a manifest of any kind calls itself, or else what the response called it. For people to read: nothing is decided by it. */
export function mediaTypeOf(bytes: Uint8Array, contentType: string | undefined): string {
  const written = writtenMediaType(bytes);
  if (written !== undefined) return written;
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() || "application/octet-stream";
}

function writtenMediaType(bytes: Uint8Array): string | undefined {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof document !== "object" || document === null || !("mediaType" in document)) return undefined;
    return typeof document.mediaType === "string" ? document.mediaType : undefined;
  } catch {
    return undefined;
  }
}
