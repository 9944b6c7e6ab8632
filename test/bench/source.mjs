// A registry of generated blobs; a process of its own. It sends its port when it listens.
// A message adds an image: `documents` are `{path, text, type, digest}`, `blobs` are `{path, seed, sizeBytes}`.
import process from "node:process";

import { knownGeneratedBlob } from "@layaway/testing";
import { headOf, serveLean } from "./lean-server.mjs";

/** Of `generatedBlob`: its blocks are alike but for the number in front. */
const blockBytes = 1024 * 1024;
const numberBytes = 8;
/** So much is handed to the kernel in one call. */
const batchBytes = 8 * blockBytes;

const documents = new Map();
const blobs = new Map();

const { port } = await serveLean((asked, socket) => {
  const blob = blobs.get(asked.target);
  if (blob !== undefined) {
    void sendBlob(blob, asked, socket);
    return;
  }
  const found = documents.get(asked.target);
  if (asked.target === "/v2/") socket.write(headOf(200, { "content-length": 0 }));
  else if (found === undefined) socket.write(headOf(404, { "content-length": 0 }));
  else {
    const { text, type, digest } = found;
    const head = headOf(200, {
      "content-type": type,
      "content-length": text.length,
      "docker-content-digest": digest,
    });
    socket.write(asked.method === "HEAD" ? head : head + text);
  }
});
process.on("message", ({ documents: more, blobs: moreBlobs }) => {
  for (const { path, ...document } of more) documents.set(path, document);
  for (const { path, seed, sizeBytes } of moreBlobs) {
    blobs.set(path, { sizeBytes, pattern: knownGeneratedBlob(seed, blockBytes, "").read(0, blockBytes) });
  }
  process.send({ added: true });
});
process.on("disconnect", () => process.exit());
process.send({ port });

async function sendBlob({ sizeBytes, pattern }, { method, headers }, socket) {
  const range = /^bytes=(\d+)-(\d+)$/u.exec(headers.get("range") ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(sizeBytes, Number(range?.[2] ?? sizeBytes - 1) + 1);
  const whole = {
    "content-type": "application/octet-stream",
    "content-length": end - start,
    "accept-ranges": "bytes",
  };
  const contentRange = { "content-range": `bytes ${start}-${end - 1}/${sizeBytes}` };
  socket.cork();
  socket.write(range === null ? headOf(200, whole) : headOf(206, { ...whole, ...contentRange }));
  if (method === "HEAD") return socket.uncork();
  for (let at = start; at < end; at += batchBytes) {
    socket.cork();
    let sent;
    for (const bytes of piecesOf(pattern, at, Math.min(end, at + batchBytes)))
      sent = new Promise((resolve) => socket.write(bytes, resolve));
    socket.uncork();
    socket.uncork();
    if (at + batchBytes < end) await sent;
    if (socket.destroyed) return;
  }
}

/** Nothing is copied: every block is its number and the pattern's rest. */
function* piecesOf(pattern, start, end) {
  for (let at = start; at < end;) {
    const block = Math.floor(at / blockBytes);
    const from = at - block * blockBytes;
    const to = Math.min(blockBytes, end - block * blockBytes);
    if (from < numberBytes) {
      const number = Buffer.alloc(numberBytes);
      number.writeDoubleLE(block, 0);
      yield number.subarray(from, Math.min(numberBytes, to));
    }
    if (to > numberBytes) yield pattern.subarray(Math.max(from, numberBytes), to);
    at = block * blockBytes + to;
  }
}
