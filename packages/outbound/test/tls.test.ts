import { createServer } from "node:https";
import type { TLSSocket } from "node:tls";

import type { HostTls, Outbound } from "@layaway/outbound";
import { beforeEach, describe, expect, test } from "vitest";

import { listening } from "./loopback-server.ts";
import { connectTo, failureOf, names, trusting } from "./outbound-under-test.ts";
import { selfSigned, type Certificate } from "./self-signed.ts";

const server = selfSigned("DNS:registry.example.com,IP:127.0.0.1");
const client = selfSigned("DNS:client.example.com");

describe("TLS", () => {
  beforeEach((context) => {
    if (server === undefined || client === undefined) context.skip("openssl is not installed");
  });

  test("refuses a certificate nobody vouches for", async () => {
    const get = await tlsServer(undefined);
    expect(await failureOf(get("registry.example.com"))).toMatchObject({ kind: "tls" });
  });

  test("takes it with the host's own authority, by name and by address", async () => {
    const get = await tlsServer({ ca: certificate(server).cert });
    expect(await get("registry.example.com")).toBe("hello");
    expect(await get("127.0.0.1")).toBe("hello");
  });

  test("refuses a certificate for another name even from that authority", async () => {
    const get = await tlsServer({ ca: certificate(server).cert });
    expect(await failureOf(get("other.example.com"))).toMatchObject({ kind: "tls" });
  });

  test("takes any certificate where verification is off for the host", async () => {
    const get = await tlsServer({ rejectUnauthorized: false });
    expect(await get("other.example.com")).toBe("hello");
  });

  test("shows a client certificate", async () => {
    const get = await tlsServer({ ca: certificate(server).cert, ...certificate(client) });
    expect(await get("registry.example.com")).toBe("hello layaway test");
  });

  test("settings are asked for by host and port", async () => {
    const asked: string[] = [];
    const get = await tlsServer(undefined, asked);
    await failureOf(get("registry.example.com:5000"));
    await failureOf(get("registry.example.com:443"));
    expect(asked).toEqual(["registry.example.com:5000", "registry.example.com"]);
  });
});

/** Starts a TLS server that greets its client by the name in its certificate, and gives a way to ask it under any host. */
async function tlsServer(
  tls: HostTls | undefined,
  asked: string[] = [],
): Promise<(host: string) => Promise<string>> {
  const { cert, key } = certificate(server);
  const options = { cert, key, requestCert: true, rejectUnauthorized: false };
  const port = await listening(
    createServer(options, (request, response) => {
      // An https server's sockets are TLS sockets; the type of a request does not say so.
      const subject = (request.socket as TLSSocket).getPeerCertificate().subject;
      response.end(subject === undefined ? "hello" : `hello ${String(subject.CN)}`);
    }),
  );
  const lookup = names({ "registry.example.com": ["127.0.0.1"], "other.example.com": ["127.0.0.1"] });
  const tlsFor = (host: string): HostTls | undefined => {
    asked.push(host);
    return tls;
  };
  const outbound: Outbound = trusting({ tlsFor, lookup, connect: connectTo(port) });
  return async (host) => {
    const response = await outbound.request({ method: "GET", url: new URL(`https://${host}/`) });
    return Buffer.from(await response.readAll(100)).toString();
  };
}

function certificate(made: Certificate | undefined): Certificate {
  if (made === undefined) throw new Error("openssl is not installed");
  return made;
}
