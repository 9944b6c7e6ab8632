import type { ConnectFunction, LookupFunction } from "./dial.ts";
import type { Egress } from "./egress.ts";
import type { ProxySettings } from "./proxy.ts";

/** TLS of one host: PEM texts. `ca` is trusted besides the public authorities. */
export interface HostTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** `false` takes any certificate; by the operator's word only. */
  readonly rejectUnauthorized?: boolean | undefined;
}

export interface OutboundOptions {
  /** How far a URL is trusted; absent: everything is influenced. */
  readonly egressFor?: ((url: URL) => Egress) | undefined;
  /** TLS settings by host, with its port where that is not the default one. */
  readonly tlsFor?: ((host: string) => HostTls | undefined) | undefined;
  /** Whether a host (with its port where that is not the default one) may be spoken to over plain http; absent: none may. */
  readonly plainHttpFor?: ((host: string) => boolean) | undefined;
  readonly proxy?: ProxySettings | undefined;
  /** Connections to one origin at a time, 16 by default; further requests wait. */
  readonly connectionsPerOrigin?: number | undefined;
  /** The same for one host (with its port where that is not the default one), where it differs. */
  readonly connectionsFor?: ((host: string) => number | undefined) | undefined;
  /** For look-up and TCP, and again for TLS; 10 s by default. */
  readonly connectTimeoutMs?: number | undefined;
  /** From the request's last byte to the response's headers; 30 s by default (registry-protocol.md, section 6). */
  readonly headersTimeoutMs?: number | undefined;
  /** Between two pieces of a body; 60 s by default. Time in which nobody reads does not count. */
  readonly idleTimeoutMs?: number | undefined;
  /** Least mean rate of a body while somebody waits for it; 1024 by default. 0 turns the watchdog off. */
  readonly minBytesPerSecond?: number | undefined;
  /** Over how much waiting the mean is taken; 60 s by default. */
  readonly throughputWindowMs?: number | undefined;
  readonly userAgent?: string | undefined;
  /** Replace the system's own, in tests. `now` is in milliseconds. */
  readonly lookup?: LookupFunction | undefined;
  readonly connect?: ConnectFunction | undefined;
  readonly now?: (() => number) | undefined;
}

/** HTTP towards others. Redirects are not followed; see `requestFollowing`. */
export interface Outbound {
  /**
   * Sends one request and resolves when the response's headers are there. Every body must be read to its end,
   * left by breaking out of its loop, or discarded.
   * Throws AddressDeniedError where the guard refuses, TransportError where no answer comes.
   */
  request(request: OutboundRequest): Promise<OutboundResponse>;
  /** Ends all connections, also those in use. */
  close(): Promise<void>;
}

export interface OutboundRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** Ends the request and, later, its body. */
  readonly signal?: AbortSignal | undefined;
  readonly headersTimeoutMs?: number | undefined;
  /** `influenced` puts the URL under the full guard even where `egressFor` trusts it: whoever named it is not trusted. */
  readonly egress?: Egress | undefined;
}

export interface OutboundResponse {
  readonly status: number;
  readonly url: URL;
  /** The class this request was guarded by. */
  readonly egress?: Egress | undefined;
  /** From when the request left on a connection to these headers; waiting for a connection does not count. */
  readonly firstByteMs: number;
  /** A header by its name in any case; repeated ones joined by ", " (RFC 9110, section 5.3). */
  header(name: string): string | undefined;
  /** Every value of a header that may repeat. */
  headers(name: string): string[];
  /**
   * The bytes as they came (never decompressed). Throws TransportError. The end is where the server ended it:
   * a close-delimited body that was cut short looks complete, so compare with the size you expect.
   */
  readonly body: AsyncIterable<Buffer>;
  /**
   * The same at full speed, without a copy: `take` is called with each piece as it arrives, and the piece's memory is used
   * again after the call. Settles with the body's end; when `take` returns `false` the connection is ended.
   */
  each(take: (piece: Buffer) => boolean): Promise<void>;
  /** The whole body, or TransportError `too_large` when it has more than `maxBytes`. */
  readAll(maxBytes: number): Promise<Uint8Array>;
  /** Ends the body unread; a short rest is read so that the connection stays usable. */
  discard(): void;
}
