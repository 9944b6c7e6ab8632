import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import type { Misbehaviour } from "./faults.ts";
import type { OpenEntry } from "./request-log.ts";

/** What would be answered if nothing went wrong. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly read: (offset: number, length: number) => Uint8Array;
}

const pieceBytes = 64 * 1024;

/** Sends the answer, bent as told. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  fault: Misbehaviour,
  entry: OpenEntry,
): Promise<void> {
  if (fault.until !== undefined) await fault.until;
  if (fault.stallAfter === "headers") return;
  const bent = overridden(answer, fault);
  const totalBytes = bent.sizeBytes + (fault.extraBytes ?? 0);
  entry.status = bent.status;

  const framing = fault.framing ?? "length";
  response.useChunkedEncodingByDefault = framing === "chunked";
  // Without either framing header the body ends with the connection; node must be told not to keep it.
  response.shouldKeepAlive = framing !== "close";
  const headers: Record<string, string | undefined> = {
    ...bent.headers,
    ...(framing === "length" ? { "content-length": String(totalBytes) } : {}),
    ...fault.headers,
  };
  response.writeHead(
    bent.status,
    Object.entries(headers)
      .flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
      .flat(),
  );
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  response.flushHeaders();
  await sendBody(response, bent, totalBytes, fault, entry);
}

async function sendBody(
  response: ServerResponse,
  answer: Answer,
  totalBytes: number,
  fault: Misbehaviour,
  entry: OpenEntry,
): Promise<void> {
  const end = { truncate: fault.truncateAfter, reset: fault.resetAfter, stall: fault.stallAfter };
  const stopAt = Math.min(totalBytes, ...Object.values(end).filter((at) => typeof at === "number"));
  for (let at = 0; at < stopAt && !response.destroyed;) {
    const length = Math.min(fault.drip?.bytes ?? pieceBytes, stopAt - at);
    if (fault.drip !== undefined) await delay(fault.drip.everyMs);
    const piece = pieceOf(answer, at, length, fault.flipAt);
    const flowing = response.write(piece);
    entry.bytesSent += length;
    at += length;
    if (!flowing) await drained(response, fault.dropSlowReaderAfterMs);
  }
  if (response.destroyed) return;
  if (end.stall === stopAt) return;
  if (end.reset === stopAt) {
    await flushed(response);
    response.socket?.resetAndDestroy();
    return;
  }
  // Short of its Content-Length an answer cannot end well: the connection is closed.
  const { socket } = response;
  if (stopAt < totalBytes && fault.framing !== "chunked") response.end(() => socket?.destroy());
  else response.end();
}

function overridden(answer: Answer, fault: Misbehaviour): Answer {
  if (fault.status === undefined) return answer;
  const body = Buffer.from(fault.body ?? "");
  return {
    status: fault.status,
    headers: {},
    sizeBytes: body.length,
    read: (offset, length) => body.subarray(offset, offset + length),
  };
}

/** Beyond the content's end there are zeros. */
function pieceOf(answer: Answer, at: number, length: number, flipAt: number | undefined): Uint8Array {
  const piece = Buffer.alloc(length);
  if (at < answer.sizeBytes) piece.set(answer.read(at, Math.min(length, answer.sizeBytes - at)));
  if (flipAt !== undefined && flipAt >= at && flipAt < at + length) {
    piece[flipAt - at] = (piece[flipAt - at] ?? 0) ^ 1;
  }
  return piece;
}

async function drained(response: ServerResponse, withinMs?: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer =
      withinMs === undefined ? undefined : setTimeout(() => response.socket?.resetAndDestroy(), withinMs);
    const done = (): void => {
      clearTimeout(timer);
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

async function flushed(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    response.write("", () => resolve());
    response.once("close", resolve);
  });
}
