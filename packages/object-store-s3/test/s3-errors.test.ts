import { inspect } from "node:util";

import { InvalidRequestError, LayawayError } from "@layaway/errors";
import {
  DestinationDeniedError,
  DestinationUnavailableError,
  DestinationUnknownError,
  ObjectConflictError,
  ObjectNotFoundError,
  UploadNotFoundError,
} from "@layaway/object-store";
import type { ObjectStore } from "@layaway/object-store";
import { describe, expect, test } from "vitest";

import { created, headersOnly, s3Error, withScriptedS3, xml } from "./scripted-s3.ts";
import type { Answer } from "./scripted-s3.ts";

const upload = { key: "k.tar", uploadId: "id-1" };
const part = { number: 1, etag: "part-1", sizeBytes: 5 };
const calls = {
  put: (store: ObjectStore) => store.put("k.tar", Buffer.from("bytes")),
  get: (store: ObjectStore) => store.get("k.tar"),
  uploadPart: (store: ObjectStore) => store.uploadPart(upload, 1, Buffer.from("bytes")),
  completeUpload: (store: ObjectStore) => store.completeUpload(upload, [part], { overwrite: true }),
  list: (store: ObjectStore) => store.list(""),
};

async function failureOf(
  answers: readonly Answer[],
  call: (store: ObjectStore) => Promise<unknown>,
): Promise<LayawayError> {
  let failure: unknown;
  await withScriptedS3(
    answers,
    async (store) => {
      failure = await call(store).then(
        () => "no failure",
        (error: unknown) => error,
      );
    },
    { checksums: "none" },
  );
  if (!(failure instanceof LayawayError)) throw new Error(`not an error of ours: ${String(failure)}`);
  return failure;
}

describe("an answer of S3 becomes an error of the contract", () => {
  test.each([
    ["put", 404, "NoSuchBucket", DestinationUnknownError],
    ["uploadPart", 404, "NoSuchBucket", DestinationUnknownError],
    ["list", 301, "PermanentRedirect", DestinationUnknownError],
    ["put", 400, "AuthorizationHeaderMalformed", DestinationUnknownError],
    ["put", 403, "AccessDenied", DestinationDeniedError],
    ["put", 403, "InvalidAccessKeyId", DestinationDeniedError],
    ["put", 403, "SignatureDoesNotMatch", DestinationDeniedError],
    ["put", 400, "ExpiredToken", DestinationDeniedError],
    ["put", 403, "QuotaExceeded", DestinationDeniedError],
    ["get", 404, "NoSuchKey", ObjectNotFoundError],
    ["uploadPart", 404, "NoSuchUpload", UploadNotFoundError],
    ["uploadPart", 404, "NoSuchKey", UploadNotFoundError],
    ["completeUpload", 404, "NoSuchUpload", UploadNotFoundError],
    ["completeUpload", 412, "PreconditionFailed", ObjectConflictError],
    ["completeUpload", 409, "ConditionalRequestConflict", ObjectConflictError],
    ["completeUpload", 409, "OperationAborted", DestinationUnavailableError],
    ["completeUpload", 400, "EntityTooSmall", InvalidRequestError],
    ["completeUpload", 400, "InvalidPart", InvalidRequestError],
    ["completeUpload", 400, "InvalidPartOrder", InvalidRequestError],
    ["uploadPart", 400, "BadDigest", DestinationUnavailableError],
    ["uploadPart", 400, "RequestTimeout", DestinationUnavailableError],
    ["uploadPart", 403, "RequestTimeTooSkewed", DestinationUnavailableError],
    ["uploadPart", 503, "SlowDown", DestinationUnavailableError],
    ["uploadPart", 500, "InternalError", DestinationUnavailableError],
    ["uploadPart", 429, "TooManyRequests", DestinationUnavailableError],
  ] as const)("%s, %i %s", async (call, status, code, expected) => {
    const failure = await failureOf([s3Error(status, code)], calls[call]);
    expect(failure).toBeInstanceOf(expected);
    expect(failure.message).toContain(code);
  });

  test("also where it is no XML at all", async () => {
    const page = xml(502, "<html>\nBad gateway</html>", { "content-type": "text/html" });
    expect(await failureOf([page], calls.put)).toBeInstanceOf(DestinationUnavailableError);
    expect(await failureOf([xml(200, "not XML")], calls.list)).toBeInstanceOf(DestinationUnavailableError);
  });

  test("which names the time to wait where the store named one", async () => {
    const failure = await failureOf([s3Error(503, "SlowDown", { "retry-after": "7" })], calls.uploadPart);
    expect(failure).toMatchObject({ retryable: true, retryAfterMs: 7000 });
  });

  test("which names the region the bucket really is in", async () => {
    const failure = await failureOf(
      [s3Error(301, "PermanentRedirect", { "x-amz-bucket-region": "eu-west-1" })],
      calls.put,
    );
    expect(failure.message).toContain("eu-west-1");
  });

  test("which says what and where in one line, and holds no key, signature or query", async () => {
    for (const call of Object.values(calls)) {
      const failure = await failureOf([s3Error(403, "SignatureDoesNotMatch")], call);
      expect(failure.message).toMatch(
        /^[A-Z]+[^\n?]* s3:\/\/bucket\/a\/b\/[^\n?]*SignatureDoesNotMatch \(403\)$/u,
      );
      const everything = inspect(failure, { depth: 20, showHidden: true });
      expect(everything).not.toMatch(/canary|AKID|Signature=|x-amz-date/iu);
    }
  });

  test("where a head is answered without a body", async () => {
    const head = (store: ObjectStore): Promise<unknown> => store.head("k.tar");
    expect(await failureOf([headersOnly(403)], head)).toBeInstanceOf(DestinationDeniedError);
    expect(await failureOf([headersOnly(503)], head)).toBeInstanceOf(DestinationUnavailableError);
    await withScriptedS3([headersOnly(404)], async (store) =>
      expect(await store.head("k.tar")).toBeUndefined(),
    );
  });

  test("where a success lacks what makes it one", async () => {
    expect(await failureOf([headersOnly(200)], calls.uploadPart)).toBeInstanceOf(DestinationUnavailableError);
    const create = (store: ObjectStore): Promise<unknown> => store.createUpload("k.tar");
    const nothing = xml(200, "<InitiateMultipartUploadResult></InitiateMultipartUploadResult>");
    expect(await failureOf([nothing], create)).toBeInstanceOf(DestinationUnavailableError);
    expect(await failureOf([created()], create).catch(String)).toContain("no failure");
  });
});

describe("a completion answered with success", () => {
  const error = "<Error><Code>InternalError</Code><Message>try again</Message></Error>";
  const listed = xml(200, "<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>");

  test.each([
    ["an error", `<?xml version="1.0"?>${error}`],
    ["an error behind white space", `<?xml version="1.0"?>\n   \n   ${error}`],
    ["an error and a line's end", `${error}\n`],
    ["nothing", ""],
    ["half of an answer", "<CompleteMultipartUploadResult><Key>k"],
    ["an answer without ETag", "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"],
  ])("is a failure where its body holds %s", async (_, body) => {
    const failure = await failureOf([xml(200, body), listed], calls.completeUpload);
    expect(failure).toBeInstanceOf(DestinationUnavailableError);
  });

  test("is an upload not found where the store fails because the upload is gone", async () => {
    const answers = [s3Error(500, "InternalError"), s3Error(404, "NoSuchUpload")];
    expect(await failureOf(answers, calls.completeUpload)).toBeInstanceOf(UploadNotFoundError);
  });
});

test("a copied part answered with an error inside of success is a failure", async () => {
  const source = { key: "source.tar", etag: "etag-1", range: { offset: 0, length: 10 } };
  const head = headersOnly(200, { etag: '"etag-1"' });
  const failure = await failureOf([head, xml(200, "<Error><Code>InternalError</Code></Error>")], (store) =>
    store.copyPart(upload, 1, source),
  );
  expect(failure).toBeInstanceOf(DestinationUnavailableError);
});
