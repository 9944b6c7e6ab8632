// An S3 endpoint that takes everything and keeps nothing but sizes: what it costs is near to nothing, so the figures are the client's.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/** @returns {Promise<{ endpoint: string, bytesReceived: () => number, stop: () => Promise<void> }>} */
export async function startNullS3() {
  const uploads = new Map();
  const objects = new Map();
  let bytesReceived = 0;

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request, response) {
    const url = new URL(request.url ?? "/", "http://localhost");
    const key = url.pathname;
    const uploadId = url.searchParams.get("uploadId");
    let bodyBytes = 0;
    for await (const chunk of request) bodyBytes += chunk.length;
    bytesReceived += bodyBytes;
    const etag = `"${randomUUID().replaceAll("-", "")}"`;
    const xml = (name, content) => {
      response.writeHead(200, { "content-type": "application/xml" });
      response.end(`<?xml version="1.0" encoding="UTF-8"?><${name}>${content}</${name}>`);
    };

    if (request.method === "POST" && url.searchParams.has("uploads")) {
      const id = randomUUID();
      uploads.set(id, { sizeBytes: 0, metadata: metadataOf(request.headers) });
      return xml("InitiateMultipartUploadResult", `<UploadId>${id}</UploadId>`);
    }
    if (request.method === "POST" && uploadId !== null) {
      objects.set(key, { ...uploads.get(uploadId), etag });
      return xml("CompleteMultipartUploadResult", `<ETag>${etag}</ETag>`);
    }
    if (request.method === "PUT") {
      if (uploadId === null)
        objects.set(key, { sizeBytes: bodyBytes, metadata: metadataOf(request.headers), etag });
      else uploads.get(uploadId).sizeBytes += bodyBytes;
      return response.writeHead(200, { etag }).end();
    }
    const object = objects.get(key);
    if (request.method === "HEAD" && object !== undefined) {
      return response
        .writeHead(200, { "content-length": object.sizeBytes, etag: object.etag, ...object.metadata })
        .end();
    }
    return response.writeHead(request.method === "DELETE" ? 204 : 404).end();
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    bytesReceived: () => bytesReceived,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function metadataOf(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-amz-meta-")));
}
