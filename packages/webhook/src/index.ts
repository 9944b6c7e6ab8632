export { checkCallbackUrl } from "./check-callback-url.ts";
export { createEvent, type WebhookEvent } from "./create-event.ts";
export { deliverWebhook, type Delivery, type DeliveryOutcome } from "./deliver-webhook.ts";
export { nextAttemptDelayMs } from "./next-attempt-delay.ts";
export { signWebhook, type WebhookHeaders } from "./sign-webhook.ts";
export { parseWebhookSecret, type WebhookKey } from "./webhook-secret.ts";
