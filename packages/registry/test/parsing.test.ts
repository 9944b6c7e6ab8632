import { describe, expect, test } from "vitest";

import { parseChallenges } from "../src/challenges.ts";
import { parseContentRange } from "../src/content-range.ts";
import { nextPage } from "../src/link-header.ts";
import { parseRealm } from "../src/realm.ts";
import { registryUrl } from "../src/registry-url.ts";
import { createResumeBudget } from "../src/resume-budget.ts";
import { backOffMs } from "../src/retry.ts";
import { parseRetryAfter } from "../src/retry-after.ts";

describe("challenges", () => {
  test.each<{ headers: string[]; read: [string, Record<string, string>][] }>([
    {
      headers: [
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      ],
      read: [
        [
          "bearer",
          {
            realm: "https://auth.docker.io/token",
            service: "registry.docker.io",
            scope: "repository:a/b:pull,push",
          },
        ],
      ],
    },
    {
      headers: ["BEARER Realm = https://a.test/t?x=1 , SERVICE=s"],
      read: [["bearer", { realm: "https://a.test/t?x=1", service: "s" }]],
    },
    {
      headers: ['Basic realm="a, Bearer realm=\\"x\\""'],
      read: [["basic", { realm: 'a, Bearer realm="x"' }]],
    },
    {
      headers: ['Negotiate, Basic realm="a", Bearer realm="https://a.test"'],
      read: [
        ["negotiate", {}],
        ["basic", { realm: "a" }],
        ["bearer", { realm: "https://a.test" }],
      ],
    },
    {
      headers: ['Basic realm="a"', 'Bearer realm="b"'],
      read: [
        ["basic", { realm: "a" }],
        ["bearer", { realm: "b" }],
      ],
    },
    { headers: ["Basic"], read: [["basic", {}]] },
    { headers: ['Bearer realm="never ends'], read: [["bearer", {}]] },
    { headers: ["", ",,,", "="], read: [] },
  ])("$headers", ({ headers, read }) => {
    const challenges = parseChallenges(headers).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);
    expect(challenges).toEqual(read);
  });

  test("of any length are read in time", () => {
    const started = performance.now();
    parseChallenges([
      `Bearer ${'a="b",'.repeat(100_000)}`,
      `Bearer a="${"\\".repeat(1_000_000)}`,
      " ,".repeat(500_000),
    ]);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("Retry-After", () => {
  const noon = Date.UTC(2030, 0, 1, 12);
  test.each([
    { header: "120", ms: 120_000 },
    { header: " 0 ", ms: 0 },
    { header: "0.2", ms: 200 },
    { header: "0.5ms", ms: 1 },
    { header: "99999999999", ms: 6 * 3_600_000 },
    { header: "Tue, 01 Jan 2030 12:00:30 GMT", ms: 30_000 },
    { header: "Tuesday, 01-Jan-30 12:00:30 GMT", ms: 30_000 },
    { header: "Tue, 01 Jan 2030 11:00:00 GMT", ms: 0 },
    { header: "Fri, 01 Jan 2100 00:00:00 GMT", ms: 6 * 3_600_000 },
    { header: "-5", ms: undefined },
    { header: "soon", ms: undefined },
    { header: "", ms: undefined },
    { header: undefined, ms: undefined },
  ])("$header is $ms ms", ({ header, ms }) => {
    expect(parseRetryAfter(header, noon)).toBe(ms);
  });
});

test("waits double from half a second up to eight, between half and all of it", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map((failures) => [
    backOffMs(failures, () => 0),
    backOffMs(failures, () => 1),
  ]);
  expect(waits).toEqual([
    [250, 500],
    [500, 1000],
    [1000, 2000],
    [2000, 4000],
    [4000, 8000],
    [4000, 8000],
    [4000, 8000],
  ]);
});

test.each([
  { headers: ["bytes 0-9/10"], range: { first: 0, last: 9, sizeBytes: 10 } },
  { headers: ["bytes 5-9/*"], range: { first: 5, last: 9, sizeBytes: undefined } },
  { headers: ["bytes */10"], range: undefined },
  { headers: ["bytes 0-9/10", "bytes 0-9/10"], range: undefined },
  { headers: ["bytes 0-9/10, bytes 0-9/10"], range: undefined },
  { headers: ["bytes=0-9/10"], range: undefined },
  { headers: [], range: undefined },
])("Content-Range $headers", ({ headers, range }) => {
  expect(parseContentRange(headers)).toEqual(range);
});

test.each([
  { link: '</v2/a/tags/list?n=2&last=b>; rel="next"', next: "https://r.test/v2/a/tags/list?n=2&last=b" },
  { link: "<http://r.test/v2/a/tags/list?last=b>; rel=next", next: "https://r.test/v2/a/tags/list?last=b" },
  { link: '<?last=b>; foo="x"; rel="next"', next: "https://r.test/v2/a/tags/list?last=b" },
  { link: '</one>; rel="prev", </two>; rel="next"', next: "https://r.test/two" },
  { link: '<https://other.test/x>; rel="next"', next: undefined },
  { link: '<//other.test/x>; rel="next"', next: undefined },
  { link: '</v2/a>; rel="prev"', next: undefined },
  { link: "next", next: undefined },
])("Link $link", ({ link, next }) => {
  expect(nextPage([link], new URL("https://r.test/v2/a/tags/list?n=2"))?.href).toBe(next);
});

describe("a realm", () => {
  const overHttps = new URL("https://registry.example.com/v2/");
  test.each([
    { realm: "https://auth.docker.io/token", taken: true },
    { realm: "https://registry.example.com/token", taken: true },
    { realm: "http://registry.example.com/token", taken: false },
    { realm: "https://user:pass@auth.test/", taken: false },
    { realm: "ftp://auth.test/", taken: false },
    { realm: "/token", taken: false },
    { realm: undefined, taken: false },
  ])("$realm of an https registry: taken $taken", ({ realm, taken }) => {
    const parse = (): URL => parseRealm(realm, overHttps);
    if (taken) expect(parse().href).toBe(realm);
    else expect(parse).toThrow("registry.example.com");
  });

  test("may be http where the registry is", () => {
    const realm = "http://127.0.0.1:5001/auth";
    expect(parseRealm(realm, new URL("http://127.0.0.1:5000/v2/")).href).toBe(realm);
  });
});

test("Docker Hub is spoken to under its API's name, other registries under their own", () => {
  expect(registryUrl("docker.io", () => false).href).toBe("https://registry-1.docker.io/v2/");
  expect(registryUrl("r.test:5000", () => false).href).toBe("https://r.test:5000/v2/");
  expect(registryUrl("127.0.0.1:5000", (host) => host === "127.0.0.1:5000").href).toBe(
    "http://127.0.0.1:5000/v2/",
  );
});

describe("a resume budget", () => {
  const mib = 1024 * 1024;
  test("lasts while there is progress", () => {
    const budget = createResumeBudget();
    for (let n = 0; n < 100; n += 1) expect(budget.spend(mib, 10)).toBe(0);
  });

  test("ends with the second fruitless resume in a row", () => {
    const budget = createResumeBudget();
    expect([0, 1, 2].map(() => budget.spend(mib - 1, 10))).toEqual([1, 2, undefined]);
  });

  test("is full again after progress", () => {
    const budget = createResumeBudget();
    expect([0, 0, mib, 0, 0].map((bytes) => budget.spend(bytes, 10))).toEqual([1, 2, 0, 1, undefined]);
  });

  test("is patient with attempts that hold out a minute, and ends after five of them", () => {
    const budget = createResumeBudget();
    expect([1, 2, 3, 4, 5].map(() => budget.spend(10, 60_000))).toEqual([1, 2, 3, 4, undefined]);
  });
});
