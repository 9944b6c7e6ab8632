import { InvalidRequestError } from "@layaway/errors";

/** The bytes that webhooks are signed with. */
export type WebhookKey = Uint8Array;

/** Reads `whsec_` + base64 of 24 to 64 bytes (Standard Webhooks 1.0). The error never quotes it. */
export function parseWebhookSecret(text: string): WebhookKey {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text.trim())?.[1];
  const key = Buffer.from(base64 ?? "", "base64");
  if (key.byteLength < 24 || key.byteLength > 64) {
    throw new InvalidRequestError("webhook secret: expected whsec_ and the base64 of 24 to 64 bytes");
  }
  return key;
}
