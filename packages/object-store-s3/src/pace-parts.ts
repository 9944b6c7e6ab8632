import { Readable } from "node:stream";

import type { S3Client } from "@aws-sdk/client-s3";

/** Bodies of parts that leave no faster than they may, by the Buffer that the SDK was given for each. */
export type PacedBodies = WeakMap<Uint8Array, AsyncIterable<Uint8Array>>;

/**
 * Has the bodies of parts leave piece by piece. The SDK hangs on a stream that breaks, and never sends one again; this one is
 * made of a Buffer that stands in memory, after checksum, length and signature were made of the Buffer itself, and it ends
 * early only where the call is ended.
 */
export function paceParts(client: S3Client, bodies: PacedBodies): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { request } = args;
      const pieces = hasBody(request) && Buffer.isBuffer(request.body) ? bodies.get(request.body) : undefined;
      if (!hasBody(request) || pieces === undefined) return next(args);
      const stream = Readable.from(pieces, { objectMode: false });
      // The call tells how it ended; without a listener an error here would end the process.
      stream.on("error", () => {});
      const leave = connectionOf(stream);
      request.body = stream;
      try {
        return await next(args);
      } finally {
        if (!stream.readableEnded) leave();
        stream.destroy();
      }
    },
    // After the request was signed; what follows only sends it.
    { step: "finalizeRequest", priority: "low", name: "paceParts" },
  );
}

/**
 * What ends the request that a stream is sent with. A store that refuses a part early leaves the connection open, half of a
 * body written; the SDK would keep it until it was idle for long.
 */
function connectionOf(stream: Readable): () => void {
  let sent: NodeJS.WritableStream | undefined;
  const pipe = stream.pipe.bind(stream);
  stream.pipe = (destination, options) => {
    sent = destination;
    return pipe(destination, options);
  };
  return () => {
    if (sent !== undefined && "destroy" in sent && typeof sent.destroy === "function") sent.destroy();
  };
}

function hasBody(request: unknown): request is { body: unknown } {
  return typeof request === "object" && request !== null && "body" in request;
}
