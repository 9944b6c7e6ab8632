import type { IncomingHttpHeaders } from "node:http";

import { requestFollowing, type FollowedResponse, type OutboundRequest } from "@layaway/outbound";
import { describe, expect, test } from "vitest";

import { startServer } from "./loopback-server.ts";
import { connectTo, failureOf, names, trusting } from "./outbound-under-test.ts";

interface Seen {
  readonly method: string | undefined;
  readonly host: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

const lookup = names({ "a.example.com": ["93.184.216.34"], "b.example.com": ["93.184.216.35"] });
const credentials = { authorization: "Bearer canary", cookie: "canary", "x-kept": "yes" };

describe("a redirect", () => {
  test("is followed to the answer, and the way is told", async () => {
    const { followed } = await following(
      { "/one": "/two", "/two": "http://b.example.com/three" },
      get("/one"),
    );
    expect(followed.response.status).toBe(200);
    expect(followed.redirects.map((url) => url.href)).toEqual([
      "http://a.example.com/two",
      "http://b.example.com/three",
    ]);
  });

  test("keeps credentials within the origin and drops them for good when it is left", async () => {
    const ways = {
      "/one": "/two",
      "/two": "http://b.example.com/three",
      "/three": "http://a.example.com/four",
    };
    const { seen } = await following(ways, { ...get("/one"), headers: credentials });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer canary",
      "Bearer canary",
      undefined,
      undefined,
    ]);
    expect(seen.map(({ headers }) => headers.cookie)).toEqual(["canary", "canary", undefined, undefined]);
    expect(seen.every(({ headers }) => headers["x-kept"] === "yes")).toBe(true);
  });

  test("counts another port as another origin", async () => {
    const ways = { "/one": "http://a.example.com:8080/two" };
    const { seen } = await following(ways, { ...get("/one"), headers: { Authorization: "Bearer canary" } });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer canary", undefined]);
  });

  test("from https to http is refused", async () => {
    let requests = 0;
    const outbound = {
      request: () => {
        requests += 1;
        return Promise.resolve(redirectTo("http://a.example.com/"));
      },
    };
    const request = { method: "GET", url: new URL("https://a.example.com/") };
    expect(await failureOf(requestFollowing(outbound, request))).toMatchObject({ kind: "redirect" });
    expect(requests).toBe(1);
  });

  test("in a loop is refused, and so is a chain of more than five", async () => {
    const seen: Seen[] = [];
    const loop = following({ "/one": "/two", "/two": "/one#again" }, get("/one"), 307, seen);
    expect(await failureOf(loop)).toMatchObject({ kind: "redirect" });
    expect(seen).toHaveLength(2);
    const chain = Object.fromEntries([1, 2, 3, 4, 5, 6].map((step) => [`/${step}`, `/${step + 1}`]));
    expect(await failureOf(following(chain, get("/1")))).toMatchObject({ kind: "redirect" });
    const { followed } = await following(chain, get("/2"));
    expect(followed.redirects).toHaveLength(5);
  });

  test("to something that is not a URL is refused without repeating it", async () => {
    const error = await failureOf(following({ "/one": "http://[canary" }, get("/one")));
    expect(error).toMatchObject({ kind: "redirect" });
    expect(error.message).not.toContain("canary");
  });

  test("keeps method and body with 307 and asks with GET after POST and 302", async () => {
    const post = { method: "POST", url: new URL("http://a.example.com/one"), body: "data" };
    const kept = await following({ "/one": "/two" }, post);
    expect(kept.seen.map(({ method }) => method)).toEqual(["POST", "POST"]);
    const changed = await following({ "/one": "/two" }, post, 302);
    expect(changed.seen.map(({ method }) => method)).toEqual(["POST", "GET"]);
    expect(changed.seen[1]?.headers["content-length"]).toBeUndefined();
    const head = await following({ "/one": "/two" }, { ...get("/one"), method: "HEAD" }, 303);
    expect(head.seen.map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
  });

  test("without a location is the answer itself", async () => {
    const { followed } = await following({ "/one": "" }, get("/one"));
    expect(followed.response.status).toBe(307);
  });
});

/** Follows from a server that answers each path of `ways` with a redirect and every other one with 200. */
async function following(
  ways: Record<string, string>,
  request: OutboundRequest,
  status = 307,
  seen: Seen[] = [],
): Promise<{ followed: FollowedResponse; seen: Seen[] }> {
  const { url } = await startServer(({ method, url: path, headers }, response) => {
    seen.push({ method, host: headers.host, path, headers });
    const location = ways[path ?? ""];
    if (location === undefined) response.end("here");
    else response.writeHead(status, location === "" ? {} : { location }).end();
  });
  const outbound = trusting({ lookup, connect: connectTo(Number(url.port)) });
  const followed = await requestFollowing(outbound, request);
  followed.response.discard();
  return { followed, seen };
}

function get(path: string): OutboundRequest {
  return { method: "GET", url: new URL(path, "http://a.example.com/") };
}

function redirectTo(location: string): FollowedResponse["response"] {
  return {
    status: 302,
    url: new URL("https://a.example.com/"),
    firstByteMs: 1,
    header: (name) => (name === "location" ? location : undefined),
    headers: () => [],
    body: {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
    },
    each: () => Promise.resolve(),
    readAll: () => Promise.resolve(new Uint8Array()),
    discard: () => {},
  };
}
