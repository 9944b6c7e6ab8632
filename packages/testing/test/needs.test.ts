import { needs, packagesByCommand } from "@layaway/testing";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => vi.unstubAllEnvs());

test("what is missing is named with the Debian packages that bring it", () => {
  vi.stubEnv("PATH", "/nowhere");
  expect(needs("redis", "swift")).toEqual({
    kind: "missing",
    commands: expect.arrayContaining(["redis-server", "memcached"]) as unknown,
    packages: [
      "redis-server",
      "swift-proxy",
      "swift-account",
      "swift-container",
      "swift-object",
      "swift",
      "memcached",
    ],
    reason: expect.stringMatching(
      /^redis-server, .* not found; Debian: apt-get install redis-server swift-proxy/u,
    ) as unknown,
  });
});

test("nothing is missing where nothing is needed", () => {
  vi.stubEnv("PATH", "/nowhere");
  expect(needs()).toEqual({ kind: "ok" });
});

test("the packages of all servers are told by command", () => {
  expect(packagesByCommand()).toMatchObject({ dockerd: "docker.io", "radosgw-admin": "ceph-common" });
});
