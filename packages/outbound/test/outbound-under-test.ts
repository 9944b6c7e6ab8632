import { connect } from "node:net";

import {
  createOutbound,
  type ConnectFunction,
  type LookupFunction,
  type Outbound,
  type OutboundOptions,
} from "@layaway/outbound";
import { onTestFinished } from "vitest";

/** An outbound that trusts everything, so that it may speak to a server of the test over plain http. */
export function trusting(options: OutboundOptions = {}): Outbound {
  const outbound = createOutbound({ egressFor: () => "operator", plainHttpFor: () => true, ...options });
  onTestFinished(() => outbound.close());
  return outbound;
}

/** Names and the addresses they have in a test; every other name does not resolve. */
export function names(answers: Record<string, string[]>): LookupFunction {
  return (name) => {
    const addresses = answers[name];
    if (addresses === undefined)
      return Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
    return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
  };
}

/** Connects to a server of the test, whatever address was asked for, and claims to be connected to that address. */
export function connectTo(port: number, asked: string[] = []): ConnectFunction {
  return (options) => {
    asked.push(`${options.host}:${options.port}`);
    const socket = connect(port, "127.0.0.1");
    Object.defineProperty(socket, "remoteAddress", { value: options.host });
    return socket;
  };
}

export async function failureOf(work: Promise<unknown>): Promise<Error> {
  const outcome: unknown = await work.catch((error: unknown) => error);
  if (outcome instanceof Error) return outcome;
  throw new Error("it did not fail");
}
