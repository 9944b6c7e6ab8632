import type { Answer } from "./send-answer.ts";

export function bytesAnswer(
  status: number,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers,
    sizeBytes: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const bytes = Buffer.from(JSON.stringify(body));
  return bytesAnswer(status, bytes, { "content-type": "application/json", ...headers });
}

/** An error body of the distribution specification. */
export function errorAnswer(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(status, { errors: [{ code, message: `told so: ${code}` }] }, headers);
}
