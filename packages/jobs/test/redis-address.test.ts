import { InvalidRequestError } from "@layaway/errors";
import { expect, test } from "vitest";

import { parseRedisUrl } from "../src/redis-address.ts";

test.each([
  ["redis://127.0.0.1:6380", { host: "127.0.0.1", port: 6380, db: 0 }, "127.0.0.1:6380"],
  ["redis://redis", { host: "redis", port: 6379, db: 0 }, "redis:6379"],
  [
    "redis://u:p%40ss@redis/3",
    { host: "redis", port: 6379, db: 3, username: "u", password: "p@ss" },
    "redis:6379",
  ],
  [
    "rediss://:p@redis",
    { host: "redis", port: 6379, db: 0, password: "p", tls: { servername: "redis" } },
    "redis:6379",
  ],
  ["redis://[::1]:7000", { host: "::1", port: 7000, db: 0 }, "[::1]:7000"],
  [
    "unix:///var/lib/lay%20away/redis.sock",
    { path: "/var/lib/lay away/redis.sock" },
    "/var/lib/lay away/redis.sock",
  ],
])("reads %s", (url, options, place) => {
  expect(parseRedisUrl(url)).toEqual({ options, place });
});

test.each([
  "",
  "redis",
  "http://redis:6379",
  "redis://redis/x",
  "redis:///",
  "unix://host/path",
  "redis://:hunter2@redis:port",
])("refuses %j without quoting it", (url) => {
  expect(() => parseRedisUrl(url)).toThrow(InvalidRequestError);
  expect(() => parseRedisUrl(url)).toThrow(/^(?!.*hunter2)/);
});
