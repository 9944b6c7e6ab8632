// An S3 endpoint that takes everything and keeps nothing but sizes; a process of its own.
// It sends its port when it listens, and for every message after that the count of body bytes so far.
import { randomUUID } from "node:crypto";
import process from "node:process";

import { headOf, serveLean } from "./lean-server.mjs";

const uploads = new Map();
const objects = new Map();
let bytesReceived = 0;

const { port } = await serveLean((asked, socket) => {
  bytesReceived += asked.bodyBytes;
  socket.write(answerTo(asked));
});
process.on("message", () => process.send({ bytesReceived }));
process.on("disconnect", () => process.exit());
process.send({ port });

function answerTo({ method, target, headers, bodyBytes }) {
  const { pathname: key, searchParams } = new URL(target, "http://localhost");
  const uploadId = searchParams.get("uploadId");
  const etag = `"${randomUUID().replaceAll("-", "")}"`;

  if (method === "POST" && searchParams.has("uploads")) {
    const id = randomUUID();
    uploads.set(id, { sizeBytes: 0, metadata: metadataOf(headers) });
    return xml("InitiateMultipartUploadResult", `<UploadId>${id}</UploadId>`);
  }
  if (method === "POST" && uploadId !== null) {
    objects.set(key, { ...uploads.get(uploadId), etag });
    uploads.delete(uploadId);
    return xml("CompleteMultipartUploadResult", `<ETag>${etag}</ETag>`);
  }
  if (method === "PUT") {
    if (uploadId === null) objects.set(key, { sizeBytes: bodyBytes, metadata: metadataOf(headers), etag });
    else if (uploads.has(uploadId)) uploads.get(uploadId).sizeBytes += bodyBytes;
    return headOf(200, { etag, "content-length": 0 });
  }
  const object = objects.get(key);
  if (method === "HEAD" && object !== undefined)
    return headOf(200, { "content-length": object.sizeBytes, etag: object.etag, ...object.metadata });
  return headOf(method === "DELETE" ? 204 : 404, method === "DELETE" ? {} : { "content-length": 0 });
}

function xml(name, content) {
  const text = `<?xml version="1.0" encoding="UTF-8"?><${name}>${content}</${name}>`;
  return headOf(200, { "content-type": "application/xml", "content-length": text.length }) + text;
}

function metadataOf(headers) {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith("x-amz-meta-")));
}
