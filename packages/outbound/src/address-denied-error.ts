import { LayawayError } from "@layaway/errors";

/** An address, a port or a scheme that policy does not let us speak to. The message names the host and nothing that answered. */
export class AddressDeniedError extends LayawayError {
  readonly code = "address_denied";
  readonly side = "source";
  readonly retryable = false;
}
