import { lookup as systemLookup } from "node:dns/promises";
import {
  connect as systemConnect,
  isIP,
  type LookupFunction as SocketLookup,
  type OnReadOpts,
  type Socket,
} from "node:net";

import { AddressDeniedError } from "./address-denied-error.ts";
import { denialOf } from "./address-rule.ts";
import { bulkReads } from "./bulk-reads.ts";
import { denied } from "./check-target.ts";
import type { Egress } from "./egress.ts";
import { codeOf } from "./transport-error-of.ts";
import { TransportError } from "./transport-error.ts";

/** One answer of a name look-up; `family` is 4 or 6. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Resolves a name to all its addresses. */
export type LookupFunction = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** Opens a TCP connection, as `net.connect` does; `lookup` gives only addresses that were checked. */
export type ConnectFunction = (options: {
  host: string;
  port: number;
  lookup?: SocketLookup;
  onread?: OnReadOpts;
}) => Socket;

export interface DialTarget {
  readonly hostname: string;
  readonly port: number;
  readonly egress: Egress;
  /** For who reads the socket as undici does; TLS cannot be laid over such a socket. */
  readonly bulk?: boolean;
}

export interface DialOptions {
  readonly lookup: LookupFunction | undefined;
  readonly connect: ConnectFunction | undefined;
  readonly timeoutMs: number;
}

/**
 * Opens a TCP connection to an address that may be spoken to.
 *
 * The guard sits here and not in a `lookup` hook, because sockets do not look up literals. Every address of a name must
 * pass (one public answer must not open the door to a private one), the socket is only given addresses that passed
 * (a second look-up could answer differently: rebinding), and what it says it is connected to is classified again.
 */
export async function dial(target: DialTarget, options: DialOptions): Promise<Socket> {
  const addresses = await addressesOf(target.hostname, options);
  for (const { address } of addresses) refuseDenied(target, address);
  const reads = target.bulk === true ? bulkReads() : undefined;
  const onread = reads === undefined ? {} : { onread: reads.onread };
  const socket = (options.connect ?? systemConnect)({ ...socketOptions(target, addresses), ...onread });
  reads?.attach(socket);
  try {
    await connected(socket, options.timeoutMs);
    refuseDenied(target, socket.remoteAddress);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  return socket;
}

async function addressesOf(hostname: string, options: DialOptions): Promise<readonly ResolvedAddress[]> {
  const family = isIP(hostname);
  if (family !== 0) return [{ address: hostname, family }];
  const lookup = options.lookup ?? ((name: string) => systemLookup(name, { all: true }));
  try {
    const addresses = await within(lookup(hostname), options.timeoutMs);
    if (addresses.length > 0) return addresses;
  } catch (error) {
    throw new TransportError("dns", `${hostname} not resolved (${codeOf(error) || "timeout"})`, {
      cause: error,
    });
  }
  throw new TransportError("dns", `${hostname} has no address`);
}

function refuseDenied(target: DialTarget, address: string | undefined): void {
  const denial = address === undefined ? "unknown address" : denialOf(address, target.egress);
  if (denial !== undefined) throw denied(target.hostname, denial);
}

// With several addresses Node tries them in turn (happy eyeballs) and asks `lookup` for them.
function socketOptions(
  target: DialTarget,
  addresses: readonly ResolvedAddress[],
): Parameters<ConnectFunction>[0] {
  const [first, second] = addresses;
  if (first !== undefined && second === undefined) return { host: first.address, port: target.port };
  const lookup: SocketLookup = (_hostname, options, callback) => {
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? "", first?.family ?? 0);
  };
  return { host: target.hostname, port: target.port, lookup };
}

function connected(socket: Socket, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new TransportError("connect", `no connection within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve();
    });
    // Stays on the socket: a reset between here and its new owner's own listener must not end the process.
    socket.on("error", (error) => {
      clearTimeout(timer);
      if (error instanceof AddressDeniedError) reject(error);
      else
        reject(
          new TransportError("connect", `no connection (${codeOf(error) || error.name})`, { cause: error }),
        );
    });
  });
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("timeout")), timeoutMs);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
