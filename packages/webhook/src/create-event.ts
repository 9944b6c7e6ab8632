import { InternalError } from "@layaway/errors";

/** An event as it is sent: serialised once, so that every attempt carries the same bytes under the same id. */
export interface WebhookEvent {
  /** Identifies the event to its receiver, on every attempt; `evt_...`, without ".". */
  readonly id: string;
  readonly body: string;
}

/** Standard Webhooks recommends 20 kB at most; an archive has about one. */
const maxBodyBytes = 60_000;

/**
 * Makes `{type, timestamp, data}` into bytes. `data` must hold neither presigned URLs nor credentials: attempts go on for
 * three days and the body is stored until the last one.
 */
export function createEvent(event: {
  /** `archive.completed`: letters, digits, `_` and `.`. */
  readonly type: string;
  readonly id: string;
  /** When it happened, RFC 3339; the time of an attempt stands in its headers. */
  readonly timestamp: string;
  readonly data: object;
}): WebhookEvent {
  const { type, id, timestamp, data } = event;
  // The signed text is "id.timestamp.body": a "." in the id would make two readings of it (Standard Webhooks 1.0).
  if (!/^[\w-]{1,128}$/.test(id))
    throw new InternalError("webhook event: an id of letters, digits, _ and - is needed");
  if (!/^[\w.]{1,64}$/.test(type))
    throw new InternalError(`webhook event ${id}: the type holds other characters`);
  const body = JSON.stringify({ type, timestamp, data });
  if (Buffer.byteLength(body) > maxBodyBytes)
    throw new InternalError(`webhook event ${id}: more than ${maxBodyBytes} bytes`);
  return { id, body };
}
