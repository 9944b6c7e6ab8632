import { InvalidRequestError } from "@layaway/errors";
import { expect, test } from "vitest";

import { checkCallbackUrl } from "../src/index.ts";

test.each([
  ["https://hooks.example.com/done", []],
  ["https://hooks.example.com:8443/done?token=1", []],
  ["http://hooks.example.com/done", ["hooks.example.com"]],
  ["http://a.b.example.com/", ["*.example.com"]],
  ["http://127.0.0.1:9000/", ["127.0.0.1:9000"]],
  ["http://127.0.0.1:9000/", ["127.0.0.1"]],
  ["http://[::1]:9000/", ["[::1]"]],
  ["http://hooks.example.com/", ["HOOKS.example.com:80"]],
])("takes %s where %j are allowed", (url, allowHosts) => {
  expect(checkCallbackUrl(url, allowHosts).href).toBe(new URL(url).href);
});

test.each([
  ["no URL", "nonsense", []],
  ["another scheme", "ftp://hooks.example.com/", []],
  ["plain http", "http://hooks.example.com/", []],
  ["plain http to a neighbour of an allowed host", "http://evil-example.com/", ["*.example.com"]],
  ["the parent of an allowed wildcard", "http://example.com/", ["*.example.com"]],
  ["another port than the allowed one", "http://127.0.0.1:6379/", ["127.0.0.1:9000"]],
  ["userinfo, even for an allowed host", "https://user:secret@hooks.example.com/", ["hooks.example.com"]],
  ["an address", "https://93.184.216.34/", []],
  ["a loopback address in disguise", "https://0x7f.1/", []],
  ["an IPv6 address", "https://[::ffff:127.0.0.1]/", []],
  ["a name without a dot", "https://localhost/", []],
  ["a name without a dot and with one behind it", "https://localhost./", []],
  ["an internal name", "https://metadata.google.internal/", []],
  ["a low port", "https://hooks.example.com:25/", []],
  ["an endless URL", `https://hooks.example.com/${"a".repeat(2048)}`, []],
])("refuses %s", (_what, url, allowHosts) => {
  expect(() => checkCallbackUrl(url, allowHosts)).toThrow(InvalidRequestError);
});

test("drops the fragment, which no request carries", () => {
  expect(checkCallbackUrl("https://hooks.example.com/a#b", []).href).toBe("https://hooks.example.com/a");
});

test("does not quote a password that stands in a URL", () => {
  expect(() => checkCallbackUrl("https://user:hunter2@hooks.example.com/", [])).toThrow(/^(?!.*hunter2)/);
});
