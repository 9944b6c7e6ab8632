import { Socket } from "node:net";

import {
  AddressDeniedError,
  createOutbound,
  requestFollowing,
  type ConnectFunction,
  type Egress,
  type LookupFunction,
  type Outbound,
} from "@layaway/outbound";
import { describe, expect, onTestFinished, test } from "vitest";

import { startServer } from "./loopback-server.ts";
import { connectTo, failureOf, names } from "./outbound-under-test.ts";

const publicAddress = "93.184.216.34";

// threats.md, section 3. No packet leaves the machine: the only `connect` there is is the test's own.
const deniedHosts = [
  "127.0.0.1",
  "0.0.0.0",
  "localhost.",
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "127.1",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[fd00::1]",
  "[fe80::1]",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.0.1",
  "169.254.169.254",
  "100.100.100.200",
  "168.63.129.16",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
  "mixed.example.com",
  "good.example.com@127.0.0.1",
];

const metadataHosts = [
  "169.254.169.254",
  "169.254.170.2",
  "100.100.100.200",
  "168.63.129.16",
  "[fd00:ec2::254]",
  "[fe80::1]",
  "[::ffff:169.254.169.254]",
  "[::a9fe:a9fe]",
  "[64:ff9b::a9fe:a9fe]",
  "[2002:a83f:8110::]",
  "allowed.example.com",
];

const lookup = names({
  "localhost.": ["127.0.0.1"],
  localhost: ["127.0.0.1"],
  "good.example.com": [publicAddress],
  "both.example.com": [publicAddress, "2606:2800:220:1:248:1893:25c8:1946"],
  "mixed.example.com": [publicAddress, "10.0.0.1"],
  "allowed.example.com": ["169.254.169.254"],
});

describe("for influenced URLs the guard", () => {
  test.each(deniedHosts)("opens no connection to %s", async (host) => {
    for (const scheme of ["http", "https"]) {
      const { outbound, asked } = observed("influenced");
      const error = await failureOf(get(outbound, `${scheme}://${host}/`));
      expect(error).toBeInstanceOf(AddressDeniedError);
      expect(asked).toEqual([]);
    }
  });

  test("lets public addresses through, named and literal", async () => {
    for (const host of ["good.example.com", publicAddress, "[2606:2800:220:1:248:1893:25c8:1946]"]) {
      const { outbound, asked } = observed("influenced");
      expect(await failureOf(get(outbound, `https://${host}/`))).toMatchObject({ kind: "connect" });
      expect(asked).toHaveLength(1);
    }
  });

  test("refuses plain http, other schemes, credentials in the URL, and ports of other services", async () => {
    const { outbound, asked } = observed("influenced", {
      plainHttpFor: (host) => host === "good.example.com:5000",
    });
    const refused = [
      "http://good.example.com/",
      "ftp://good.example.com/",
      "file:///etc/passwd",
      "https://user:canary@good.example.com/",
      "https://good.example.com:25/",
    ];
    for (const url of refused) {
      const error = await failureOf(get(outbound, url));
      expect(error).toBeInstanceOf(AddressDeniedError);
      expect(error.message).not.toContain("canary");
    }
    expect(asked).toEqual([]);
    expect(await failureOf(get(outbound, "http://good.example.com:5000/"))).toMatchObject({
      kind: "connect",
    });
  });

  test("gives the socket only addresses it has checked, however the name answers later", async () => {
    const answers = [[publicAddress], ["127.0.0.1"]];
    const { outbound, asked } = observed("influenced", {
      lookup: () => Promise.resolve((answers.shift() ?? []).map((address) => ({ address, family: 4 }))),
    });
    await failureOf(get(outbound, "https://rebinding.example.com/"));
    expect(asked).toEqual([`${publicAddress}:443`]);
    expect(await failureOf(get(outbound, "https://rebinding.example.com/"))).toBeInstanceOf(
      AddressDeniedError,
    );
    expect(asked).toHaveLength(1);
  });

  test("gives the socket all addresses of a name to try", async () => {
    const tried: unknown[] = [];
    const connect: ConnectFunction = (options) => {
      options.lookup?.(options.host, { all: true }, (_error, addresses) => tried.push(addresses));
      return brokenSocket();
    };
    const { outbound } = observed("influenced", { connect });
    await failureOf(get(outbound, "https://both.example.com/"));
    expect(tried).toEqual([
      [
        { address: publicAddress, family: 4 },
        { address: "2606:2800:220:1:248:1893:25c8:1946", family: 6 },
      ],
    ]);
  });

  test("sends nothing over a socket that turned out to be connected elsewhere", async () => {
    let requests = 0;
    const { url } = await startServer((_request, response) => {
      requests += 1;
      response.end();
    });
    const connect: ConnectFunction = () => new Socket().connect(Number(url.port), "127.0.0.1");
    const { outbound } = observed("influenced", { connect });
    expect(await failureOf(get(outbound, "http://good.example.com/"))).toBeInstanceOf(AddressDeniedError);
    expect(requests).toBe(0);
  });

  test.each(deniedHosts)("does not follow a redirect to %s", async (host) => {
    const { url } = await startServer((_request, response) => {
      response.writeHead(307, { location: `http://${host}/secret` }).end();
    });
    const asked: string[] = [];
    const { outbound } = observed("influenced", { connect: connectTo(Number(url.port), asked) });
    const request = { method: "GET", url: new URL("http://good.example.com/v2/") };
    expect(await failureOf(requestFollowing(outbound, request))).toBeInstanceOf(AddressDeniedError);
    expect(asked).toEqual([`${publicAddress}:80`]);
  });

  test("does not lend the operator's trust to a redirect", async () => {
    const { url } = await startServer((_request, response) => {
      response.writeHead(307, { location: "https://10.0.0.5/v2/" }).end();
    });
    const { outbound } = observed("influenced", {
      connect: connectTo(Number(url.port)),
      egressFor: (target) => (target.host === "10.0.0.5" ? "operator" : "influenced"),
    });
    const request = { method: "GET", url: new URL("http://good.example.com/v2/") };
    expect(await failureOf(requestFollowing(outbound, request))).toBeInstanceOf(AddressDeniedError);
  });
});

describe("for the operator's URLs the guard", () => {
  test.each([
    "127.0.0.1",
    "[::1]",
    "10.0.0.1",
    "100.118.28.1",
    "[fd00::1]",
    "localhost",
    "mixed.example.com",
  ])("lets %s through", async (host) => {
    const { outbound, asked } = observed("operator");
    expect(await failureOf(get(outbound, `https://${host}:81/`))).toMatchObject({ kind: "connect" });
    expect(asked).toHaveLength(1);
  });

  test.each(metadataHosts)("still opens no connection to %s", async (host) => {
    const { outbound, asked } = observed("operator");
    expect(await failureOf(get(outbound, `https://${host}/latest/meta-data/`))).toBeInstanceOf(
      AddressDeniedError,
    );
    expect(asked).toEqual([]);
  });

  test("allows plain http only to hosts it was told of", async () => {
    const { outbound } = observed("operator", { plainHttpFor: (host) => host === "127.0.0.1:5000" });
    expect(await failureOf(get(outbound, "http://127.0.0.1:5000/"))).toMatchObject({ kind: "connect" });
    expect(await failureOf(get(outbound, "http://127.0.0.1:5001/"))).toBeInstanceOf(AddressDeniedError);
  });
});

interface ObservedOptions {
  readonly lookup?: LookupFunction;
  readonly connect?: ConnectFunction;
  readonly plainHttpFor?: (host: string) => boolean;
  readonly egressFor?: (url: URL) => Egress;
}

function observed(egress: Egress, options: ObservedOptions = {}): { outbound: Outbound; asked: string[] } {
  const asked: string[] = [];
  const connect: ConnectFunction = ({ host, port }) => {
    asked.push(`${host}:${port}`);
    return brokenSocket();
  };
  const outbound = createOutbound({
    egressFor: () => egress,
    plainHttpFor: () => true,
    lookup,
    connect,
    ...options,
  });
  onTestFinished(() => outbound.close());
  return { outbound, asked };
}

function brokenSocket(): Socket {
  const socket = new Socket();
  setImmediate(() => socket.destroy(Object.assign(new Error("refused"), { code: "ECONNREFUSED" })));
  return socket;
}

function get(outbound: Outbound, url: string): Promise<unknown> {
  return outbound.request({ method: "GET", url: new URL(url) });
}
