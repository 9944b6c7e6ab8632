/**
 * What went wrong below HTTP: no connection (`connect`, `dns`, `tls`), a connection or a message that broke (`reset`),
 * a server that is silent or slow (`headers_timeout`, `idle`, `too_slow`), a redirect we do not follow (`redirect`),
 * a body over the bound given to `readAll` (`too_large`), or our own signal (`aborted`).
 */
export type TransportErrorKind =
  | "connect"
  | "reset"
  | "headers_timeout"
  | "idle"
  | "too_slow"
  | "tls"
  | "dns"
  | "aborted"
  | "redirect"
  | "too_large";

/** A request that got no complete answer. Not a LayawayError: only the caller knows which side it was talking to. */
export class TransportError extends Error {
  readonly kind: TransportErrorKind;

  constructor(kind: TransportErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransportError";
    this.kind = kind;
  }
}
