import { createHmac } from "node:crypto";

import { parseWebhookSecret } from "./webhook-secret.ts";

export type WebhookHeaders = Readonly<
  Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>
>;

/** The headers of one attempt: a signature per secret, so that a receiver may change over from one to the next. */
export function signWebhook(attempt: {
  /** `whsec_...`; two of them while one replaces the other. */
  readonly secrets: readonly string[];
  readonly id: string;
  /** Of this attempt, in seconds since 1970. */
  readonly timestampSeconds: number;
  readonly body: string;
}): WebhookHeaders {
  const { secrets, id, timestampSeconds, body } = attempt;
  const timestamp = String(Math.floor(timestampSeconds));
  const signatures = secrets.map((secret) => {
    const hmac = createHmac("sha256", parseWebhookSecret(secret));
    return `v1,${hmac.update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
