export { AddressDeniedError } from "./address-denied-error.ts";
export { createOutbound } from "./create-outbound.ts";
export type { ConnectFunction, LookupFunction, ResolvedAddress } from "./dial.ts";
export type { Egress } from "./egress.ts";
export type { HostTls, Outbound, OutboundOptions, OutboundRequest, OutboundResponse } from "./outbound.ts";
export type { ProxySettings } from "./proxy.ts";
export { redactUrl } from "./redact-url.ts";
export { requestFollowing, type FollowedResponse, type FollowingOptions } from "./request-following.ts";
export { TransportError, type TransportErrorKind } from "./transport-error.ts";
