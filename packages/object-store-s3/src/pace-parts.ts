import { Readable } from "node:stream";

import type { S3Client } from "@aws-sdk/client-s3";
import { type Pace, pacedPieces } from "@layaway/object-store";

/**
 * Has the bodies of parts leave no faster than they may. The SDK hangs on a stream that breaks, and never sends one again;
 * this one is made of a Buffer that stands in memory, after checksum, length and signature were made of the Buffer itself,
 * and it ends early only where the call is ended.
 */
export function paceParts(client: S3Client, pace: Pace): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const { request } = args;
      if (context["commandName"] !== "UploadPartCommand" || !hasBody(request)) return next(args);
      const { body } = request;
      if (!Buffer.isBuffer(body)) return next(args);
      const ended = new AbortController();
      const stream = Readable.from(pacedPieces(body, pace, ended.signal), { objectMode: false });
      // The call tells how it ended; without a listener an error here would end the process.
      stream.on("error", () => {});
      request.body = stream;
      try {
        return await next(args);
      } finally {
        ended.abort();
        stream.destroy();
      }
    },
    // After the request was signed; what follows only sends it.
    { step: "finalizeRequest", priority: "low", name: "paceParts" },
  );
}

function hasBody(request: unknown): request is { body: unknown } {
  return typeof request === "object" && request !== null && "body" in request;
}
