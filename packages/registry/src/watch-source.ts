import { type Outbound, TransportError } from "@layaway/outbound";

/** The same client, which tells of every request that its source failed at. Not of what it refuses, and not of what we end. */
export function watchSource(
  outbound: Pick<Outbound, "request">,
  onFailure: () => void,
): Pick<Outbound, "request"> {
  return {
    async request(asked) {
      try {
        const response = await outbound.request(asked);
        if (isOverloaded(response.status)) onFailure();
        return response;
      } catch (error) {
        if (error instanceof TransportError && kindsOfFailure.has(error.kind)) onFailure();
        throw error;
      }
    },
  };
}

const kindsOfFailure = new Set(["connect", "reset", "headers_timeout"]);

function isOverloaded(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
