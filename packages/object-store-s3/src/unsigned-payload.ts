import type { S3Client } from "@aws-sdk/client-s3";

/**
 * Has the bodies of parts go unsigned: the SDK would hash every part with SHA-256 for its signature, which costs more CPU
 * than all else together. TLS, or a CRC32 per part where the store takes it, guards the bytes on their way.
 */
export function leavePartsUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context["commandName"] === "UploadPartCommand" && hasHeaders(args.request)) {
        args.request.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
      }
      return next(args);
    },
    // After the request was built, before it is signed.
    { step: "build", name: "leavePartsUnsigned" },
  );
}

function hasHeaders(request: unknown): request is { readonly headers: Record<string, string> } {
  return typeof request === "object" && request !== null && "headers" in request;
}
