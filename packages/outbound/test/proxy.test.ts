import { createServer as createHttpServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";

import { AddressDeniedError, createOutbound, type ProxySettings } from "@layaway/outbound";
import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, test } from "vitest";

import { createProxyChoice } from "../src/proxy.ts";
import { listening, startServer } from "./loopback-server.ts";
import { failureOf, names, trusting } from "./outbound-under-test.ts";
import { selfSigned } from "./self-signed.ts";

describe("through a proxy", () => {
  test("plain http asks the proxy for the whole URL, with the proxy's credentials", async () => {
    const { url } = await startServer(({ url: asked, headers }, response) => {
      response.end(`${asked} ${headers.host} ${headers["proxy-authorization"]}`);
    });
    const proxy = { httpProxy: `http://user:p%40ss@127.0.0.1:${url.port}` };
    const response = await trusting({ proxy, lookup: names({}) }).request({
      method: "GET",
      url: new URL("http://registry.example.com/v2/?n=1"),
    });
    const basic = Buffer.from("user:p@ss").toString("base64");
    expect(Buffer.from(await response.readAll(200)).toString()).toBe(
      `http://registry.example.com/v2/?n=1 registry.example.com Basic ${basic}`,
    );
  });

  test("https goes through a tunnel; the proxy sees the host and not the request", async (context) => {
    const certificate = selfSigned("DNS:registry.example.com");
    if (certificate === undefined) return context.skip("openssl is not installed");
    const target = await listening(
      createTlsServer(certificate, ({ url, headers }, response) => {
        response.end(`${url} ${headers["proxy-authorization"]}`);
      }),
    );
    const { port, asked } = await startTunnel(target);
    const outbound = trusting({
      proxy: { httpsProxy: `http://user:pass@127.0.0.1:${port}` },
      tlsFor: () => ({ ca: certificate.cert }),
      lookup: names({}),
    });
    const response = await outbound.request({
      method: "GET",
      url: new URL("https://registry.example.com/v2/"),
    });
    expect(Buffer.from(await response.readAll(200)).toString()).toBe("/v2/ undefined");
    expect(asked).toEqual([`registry.example.com:443 Basic ${Buffer.from("user:pass").toString("base64")}`]);
  });

  test("a refusal of the proxy is a failure to connect", async () => {
    const { port } = await startTunnel(undefined);
    const outbound = trusting({ proxy: { httpsProxy: `127.0.0.1:${port}` } });
    const error = await failureOf(
      outbound.request({ method: "GET", url: new URL("https://registry.example.com/") }),
    );
    expect(error).toMatchObject({ kind: "connect" });
    expect(error.message).toContain("407");
  });

  test("literals and schemes are still guarded", async () => {
    const { port, asked } = await startTunnel(undefined);
    const proxy = { httpProxy: `127.0.0.1:${port}`, httpsProxy: `127.0.0.1:${port}` };
    const outbound = createOutbound({ proxy });
    for (const url of ["https://169.254.169.254/", "https://10.0.0.1/", "http://registry.example.com/"]) {
      expect(await failureOf(outbound.request({ method: "GET", url: new URL(url) }))).toBeInstanceOf(
        AddressDeniedError,
      );
    }
    await outbound.close();
    expect(asked).toEqual([]);
  });
});

describe("NO_PROXY", () => {
  const noProxy = "internal.example, .below.example,[fd00::1],10.0.0.0/8 192.168.0.7 ported.example:5000";
  test.each([
    ["https://internal.example/", false],
    ["https://a.internal.example/", false],
    ["https://notinternal.example/", true],
    ["https://below.example/", true],
    ["https://a.below.example/", false],
    ["https://[fd00::1]/", false],
    ["https://10.1.2.3/", false],
    ["https://11.1.2.3/", true],
    ["https://192.168.0.7/", false],
    ["https://192.168.0.77/", true],
    ["https://ported.example:5000/", false],
    ["https://ported.example/", true],
    ["https://localhost:5000/", false],
    ["https://127.0.0.2/", false],
    ["https://[::1]:5000/", false],
    ["https://registry.example.com/", true],
  ])("decides about %s: through the proxy %s", (url, expected) => {
    expect(throughProxy(url, { httpsProxy: "http://proxy.example:3128", noProxy })).toBe(expected);
  });

  test("* switches the proxy off", () => {
    expect(
      throughProxy("https://a.example/", { httpsProxy: "http://proxy.example:3128", noProxy: "*" }),
    ).toBe(false);
  });

  test("each scheme has its own proxy", () => {
    expect(throughProxy("http://a.example/", { httpsProxy: "http://proxy.example:3128" })).toBe(false);
    expect(throughProxy("https://a.example/", { httpProxy: "http://proxy.example:3128" })).toBe(false);
  });

  test("a proxy we cannot speak to is refused at once, without its credentials in the message", () => {
    for (const httpsProxy of [
      "socks5://user:canary@proxy.example",
      "http://user:canary@",
      "http://user:100%canary@proxy.example",
    ]) {
      const attempt = (): unknown => createOutbound({ proxy: { httpsProxy } });
      expect(attempt).toThrow(InvalidRequestError);
      expect(attempt).not.toThrow(/canary/u);
    }
  });
});

/** A proxy that tunnels everything to one loopback port, or refuses everything. */
async function startTunnel(target: number | undefined): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createHttpServer();
  proxy.on("connect", ({ url, headers }, socket) => {
    asked.push(`${url} ${headers["proxy-authorization"]}`);
    if (target === undefined) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const leg = connect(target, "127.0.0.1", () =>
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n"),
    );
    leg.pipe(socket).pipe(leg);
    for (const end of [leg, socket]) end.on("error", () => {});
    socket.on("close", () => leg.destroy());
  });
  return { port: await listening(proxy), asked };
}

function throughProxy(url: string, settings: ProxySettings): boolean {
  return createProxyChoice(settings)(new URL(url)) !== undefined;
}
