import { AddressDeniedError, type Outbound, type OutboundResponse, TransportError } from "@layaway/outbound";

import type { WebhookEvent } from "./create-event.ts";
import { retryAfterMs } from "./retry-after.ts";
import { signWebhook } from "./sign-webhook.ts";

/** What one attempt came to. */
export type DeliveryOutcome =
  | { readonly kind: "delivered"; readonly status: number }
  /** `afterMs` where the receiver named the least time to wait. `reason` holds nothing of the answer's body. */
  | { readonly kind: "retry"; readonly afterMs?: number; readonly reason: string }
  /** The receiver wants no more of it (410). */
  | { readonly kind: "gone" };

export interface Delivery {
  readonly outbound: Pick<Outbound, "request">;
  readonly url: string;
  readonly event: WebhookEvent;
  /** `whsec_...`; two of them while one replaces the other. */
  readonly secrets: readonly string[];
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** For the whole attempt; 20 s unless given. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Makes one attempt. Signed anew each time, since the timestamp is the attempt's and the secret may have changed meanwhile.
 * Redirects are not followed: the address was checked, where it leads was not. Throws nothing but broken secrets.
 */
export async function deliverWebhook(delivery: Delivery): Promise<DeliveryOutcome> {
  const { outbound, url, event, secrets, now, timeoutMs = 20_000 } = delivery;
  const headers = signWebhook({ ...event, secrets, timestampSeconds: now().getTime() / 1000 });
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await outbound.request({
      method: "POST",
      url: new URL(url),
      headers: { ...headers, "content-type": "application/json" },
      body: event.body,
      signal: AbortSignal.any([delivery.signal, timeout]),
    });
    // Nothing in the body changes the outcome, and it may be endless.
    response.discard();
    return outcomeOf(response, now());
  } catch (error) {
    return { kind: "retry", reason: timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error) };
  }
}

function outcomeOf(response: OutboundResponse, now: Date): DeliveryOutcome {
  const { status } = response;
  if (status >= 200 && status < 300) return { kind: "delivered", status };
  if (status === 410) return { kind: "gone" };
  const afterMs = retryAfterMs(response.header("retry-after"), now);
  const reason =
    status >= 300 && status < 400 ? `status ${status}: redirects are not followed` : `status ${status}`;
  return { kind: "retry", reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** Not what answered there, which would make us a scanner of networks for whoever names callbacks. */
function reasonOf(error: unknown): string {
  if (error instanceof AddressDeniedError) return "host not permitted";
  return error instanceof TransportError ? error.kind : "internal error";
}
