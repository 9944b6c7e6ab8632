import { createHash } from "node:crypto";

import { InvalidRequestError } from "@layaway/errors";
import type { Archive, RequestRecord } from "@layaway/ledger";
import { DestinationUnavailableError, DestinationUnknownError } from "@layaway/object-store";
import {
  defaultPlatform,
  formatPlatform,
  formatReference,
  parsePlatform,
  parseReference,
} from "@layaway/oci";

import type { ApiDeps, ApiDestination } from "./api-deps.ts";
import { HttpError } from "./http-error.ts";
import type { SubmitBody } from "./submit-body.ts";

export interface Submission {
  readonly body: SubmitBody;
  readonly idempotencyKey?: string | undefined;
  readonly requester?: string | undefined;
}

export interface SubmitOutcome {
  /** Whether this call made it, or it was asked for before. */
  readonly kind: "accepted" | "existing";
  readonly archive: Archive;
}

type SubmitDeps = Pick<
  ApiDeps,
  | "jobs"
  | "destinations"
  | "defaultDestination"
  | "checkRegistry"
  | "checkCallbackUrl"
  | "now"
  | "newId"
  | "logger"
>;

/** A bucket that takes longer than this to take a small record is away; the caller still waits for an answer. */
const recordTimeoutMs = 15_000;

/**
 * Accepts a request: claims it, writes its record into the destination's bucket, and only then queues it, so that
 * whatever was accepted can be found again without Redis. Steps of a caller that died in between are made up for by
 * the next one with the same request.
 *
 * Throws what the record's destination threw (the claim is then released), or why the request cannot be taken.
 */
export async function submitArchive(deps: SubmitDeps, submission: Submission): Promise<SubmitOutcome> {
  const { record, destination } = recordOf(deps, submission);
  const answer = await deps.jobs.claim({
    id: record.id,
    requestHash: requestHash(record),
    bodyHash: bodyHash(record),
    ...keyOf(submission),
  });
  switch (answer.kind) {
    case "new":
      return { kind: "accepted", archive: await accept(deps, destination, record) };
    case "existing": {
      const known = answer.enqueued ? await deps.jobs.get(answer.id) : undefined;
      if (known !== undefined) return { kind: "existing", archive: known };
      return { kind: "accepted", archive: await accept(deps, destination, { ...record, id: answer.id }) };
    }
    case "key-reused":
      throw new HttpError(422, "invalid_request", "this Idempotency-Key came with another body before");
  }
}

async function accept(
  deps: SubmitDeps,
  destination: ApiDestination,
  record: RequestRecord,
): Promise<Archive> {
  try {
    await writeRecord(destination, record);
  } catch (error) {
    await deps.jobs.release(record.id).catch((cause: unknown) => {
      deps.logger.warn({ err: cause, archive: record.id }, "a claim could not be released");
    });
    throw error;
  }
  return deps.jobs.enqueue(record);
}

async function writeRecord(destination: ApiDestination, record: RequestRecord): Promise<void> {
  const signal = AbortSignal.timeout(recordTimeoutMs);
  try {
    await destination.ledger.writeRequest(record, { signal });
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new DestinationUnavailableError(
      `destination ${record.destination}: the request could not be written down within ${recordTimeoutMs / 1000} s`,
      { cause },
    );
  }
}

function recordOf(
  deps: SubmitDeps,
  { body, requester }: Submission,
): { readonly record: RequestRecord; readonly destination: ApiDestination } {
  const reference = parseReference(body.image);
  deps.checkRegistry(reference);
  const name = body.destination ?? deps.defaultDestination;
  if (name === undefined) {
    throw new InvalidRequestError("destination: needed, because the configuration has no default one");
  }
  const destination = deps.destinations.get(name);
  if (destination === undefined) {
    throw new DestinationUnknownError(`destination: none is called ${JSON.stringify(name)}`);
  }
  const record: RequestRecord = {
    version: 1,
    id: deps.newId(),
    image: body.image,
    platform: platformOf(body.platform),
    destination: name,
    ...(body.name === undefined ? {} : { name: formatReference(parseReference(body.name)) }),
    ...(body.callbackUrl === undefined ? {} : { callbackUrl: deps.checkCallbackUrl(body.callbackUrl).href }),
    priority: body.priority,
    labels: body.labels,
    createdAt: deps.now().toISOString(),
    ...(requester === undefined ? {} : { requester }),
  };
  return { record, destination };
}

function platformOf(text: string | undefined): string {
  if (text === undefined) return formatPlatform(defaultPlatform);
  return text === "all" ? text : formatPlatform(parsePlatform(text));
}

function requestHash(record: RequestRecord): string {
  const image = formatReference(parseReference(record.image));
  return sha256([image, record.platform, record.destination, record.name, record.callbackUrl]);
}

function bodyHash(record: RequestRecord): string {
  const labels = Object.entries(record.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256([requestHash(record), record.priority, labels]);
}

/** Keys belong to who sent them, and may hold anything: only a hash of both goes on. */
function keyOf({ idempotencyKey, requester }: Submission): { readonly idempotencyKey?: string } {
  return idempotencyKey === undefined ? {} : { idempotencyKey: sha256([requester, idempotencyKey]) };
}

/** JSON of a list is unambiguous: absent fields are `null`, and keep their place. */
function sha256(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
