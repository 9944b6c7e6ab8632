import { parseConfig, type Config } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, test } from "vitest";

const everything = `
destinations:
  models:  { url: s3://backup/images, region: eu-central-1, accessKeyId: AKIA, secretAccessKeyFile: /run/secrets/s3, sessionTokenFile: /run/secrets/s3-token }
  partner: { url: oss://partner-bucket/apps, region: oss-cn-hangzhou, endpoint: https://oss-cn-hangzhou-internal.aliyuncs.com, publicEndpoint: https://images.example.cn, cname: true }
  disk: { url: "file:///srv/images" }
defaultDestination: models
registries:
  registry.example.com: { username: robot, passwordFile: /run/secrets/registry, maxConnections: 4, ca: /etc/ca.pem, realmHosts: [Auth.example.org, 'auth.example.net:8443'] }
  127.0.0.1:5000: { plainHttp: true }
  index.docker.io: { tlsVerify: false, pullFloor: 10 }
allowRegistries: [registry.example.com, docker.io, 127.0.0.1:5000]
bandwidth:
  limit: 80MB/s
  perRegistry: { docker.io: 20MB/s, 127.0.0.1:5000: 5000 }
worker: { concurrency: 3, partSize: 32MiB, partsInFlight: 8 }
webhooks: { secretFile: /run/secrets/whsec, allowHosts: ["*.example.com", "127.0.0.1:8080"] }
`;

describe("the file", () => {
  test("says everything the contract shows", () => {
    expect(parseConfig(everything, {})).toEqual({
      destinations: {
        models: {
          kind: "s3",
          bucket: "backup",
          prefix: "images",
          region: "eu-central-1",
          pathStyle: false,
          checksums: "auto",
          credentials: {
            accessKeyId: "AKIA",
            secretAccessKey: { kind: "file", path: "/run/secrets/s3" },
            sessionToken: { kind: "file", path: "/run/secrets/s3-token" },
          },
        },
        partner: {
          kind: "oss",
          bucket: "partner-bucket",
          prefix: "apps",
          region: "oss-cn-hangzhou",
          endpoint: "https://oss-cn-hangzhou-internal.aliyuncs.com",
          publicEndpoint: "https://images.example.cn",
          cname: true,
          pathStyle: false,
        },
        disk: { kind: "fs", directory: "/srv/images" },
      },
      defaultDestination: "models",
      registries: {
        "registry.example.com": {
          username: "robot",
          password: { kind: "file", path: "/run/secrets/registry" },
          maxConnections: 4,
          plainHttp: false,
          tlsVerify: true,
          caFile: "/etc/ca.pem",
          realmHosts: ["auth.example.org", "auth.example.net:8443"],
        },
        "127.0.0.1:5000": { plainHttp: true, tlsVerify: true },
        "docker.io": { plainHttp: false, tlsVerify: false, pullFloor: 10 },
      },
      allowRegistries: ["registry.example.com", "docker.io", "127.0.0.1:5000"],
      bandwidth: {
        limit: 80_000_000,
        calendar: [],
        perRegistry: { "docker.io": 20_000_000, "127.0.0.1:5000": 5000 },
      },
      worker: { concurrency: 3, partSizeBytes: 32 * 1024 * 1024, partsInFlight: 8 },
      webhooks: {
        secret: { kind: "file", path: "/run/secrets/whsec" },
        allowHosts: ["*.example.com", "127.0.0.1:8080"],
      },
      tokens: [],
      proxy: {},
    } satisfies Config);
  });

  const defaults: Config = {
    destinations: {},
    registries: {},
    bandwidth: { calendar: [], perRegistry: {} },
    worker: { concurrency: 2, partSizeBytes: 16 * 1024 * 1024, partsInFlight: 4 },
    webhooks: { allowHosts: [] },
    tokens: [],
    proxy: {},
  };

  test.each([undefined, "", "# nothing yet\n", "destinations:\nbandwidth:\n  limit:\nworker:\n"])(
    "%j leaves the defaults",
    (text) => {
      expect(parseConfig(text, {})).toEqual(defaults);
    },
  );

  test("needs no defaultDestination where there is one destination only", () => {
    expect(parseConfig("destinations: { only: { url: s3://backup } }", {}).defaultDestination).toBe("only");
    const two = "destinations: { a: { url: s3://backup }, b: { url: s3://backup } }";
    expect(parseConfig(two, {})).not.toHaveProperty("defaultDestination");
  });

  test("may name a URL as the default destination", () => {
    expect(parseConfig("defaultDestination: s3://backup/x", {}).defaultDestination).toBe("s3://backup/x");
  });

  test("may write a destination's settings into its url", () => {
    const text = "destinations: { a: { url: 's3://backup?endpoint=http://127.0.0.1:9000', region: r } }";
    expect(parseConfig(text, {}).destinations["a"]).toMatchObject({
      endpoint: "http://127.0.0.1:9000",
      region: "r",
    });
  });

  test("lets the environment fill in what a destination leaves open", () => {
    const env = { OSS_ACCESS_KEY_ID: "id", OSS_ACCESS_KEY_SECRET: "secret" };
    expect(parseConfig(everything, env).destinations["partner"]).toMatchObject({
      credentials: { accessKeyId: "id", accessKeySecret: { kind: "value", value: "secret" } },
    });
  });

  test("with limit 0 is paused, which is not unlimited", () => {
    expect(parseConfig("bandwidth: { limit: 0 }", {}).bandwidth.limit).toBe(0);
  });
});

describe("a mistake", () => {
  test.each([
    [
      "bandwidth: { limit: fast }",
      'bandwidth.limit: "fast" is not a rate (write 20MB/s, 16MiB/s or bytes per second)',
    ],
    [
      "bandwidth: { limit: -1 }",
      "bandwidth.limit: -1 is not a rate (write 20MB/s, 16MiB/s or bytes per second)",
    ],
    ["bandwidth: { limit: [1] }", "bandwidth.limit: must be a text or a number"],
    ["bandwith: { limit: 1 }", "bandwith: unknown key"],
    ["worker: { partsize: 1 }", "worker.partsize: unknown key"],
    ["worker: { concurrency: 0 }", "worker.concurrency: must be at least 1"],
    ["worker: { concurrency: 1.5 }", "worker.concurrency: must be a whole number"],
    ["worker: { concurrency: 257 }", "worker.concurrency: must be at most 256"],
    ["worker: { concurrency: two }", "worker.concurrency: must be a number"],
    ["worker: { partSize: 1KiB }", "worker.partSize: 1KiB is no part size"],
    ["worker: 3", "worker: must be a mapping"],
    ["destinations: { a: {} }", "destinations.a.url: is missing"],
    ["destinations: { a: { url: 7 } }", "destinations.a.url: must be a text (put numbers in quotes)"],
    ["destinations: { a: { url: '' } }", "destinations.a.url: is empty"],
    [
      "destinations: { a b: { url: s3://backup } }",
      "destinations.a b: a name has letters, digits, '.', '_' and '-'",
    ],
    [
      "destinations: { a: { url: s3://backup, region: r, cname: true } }",
      "destinations.a.cname: is no setting of s3:// destinations",
    ],
    [
      "destinations: { a: { url: s3://backup, checksums: md5 } }",
      "destinations.a.checksums: must be one of auto, crc32, none",
    ],
    [
      "destinations: { a: { url: s3://backup, pathStyle: 'yes' } }",
      "destinations.a.pathStyle: must be true or false",
    ],
    [
      "destinations: { a: { url: s3://backup, endpoint: nowhere } }",
      "destinations.a.endpoint: is not a URL that begins with http:// or https://",
    ],
    [
      "destinations: { a: { url: s3://backup, accessKeyId: id } }",
      "destinations.a.secretAccessKeyFile: is missing",
    ],
    [
      "destinations: { a: { url: s3://backup, secretAccessKeyFile: f } }",
      "destinations.a.accessKeyId: is missing",
    ],
    [
      "destinations: { a: { url: 's3://backup?region=x', region: y } }",
      "destinations.a.region: stands in the url already",
    ],
    [
      "destinations: { a: { url: 's3://backup?colour=x' } }",
      "destinations.a.url.colour: is no parameter of s3:// URLs",
    ],
    [
      "destinations: { a: { url: s3://u:canary@backup } }",
      "destinations.a.url: credentials must not stand in a URL",
    ],
    [
      "destinations: { a: { url: s3://backup, secretAccessKey: canary } }",
      "destinations.a.secretAccessKey: unknown key; secrets stand in files of their own, name one with secretAccessKeyFile",
    ],
    [
      "registries: { r.example.com: { username: u, password: canary } }",
      "registries.r.example.com.password: unknown key; secrets stand in files of their own, name one with passwordFile",
    ],
    ["registries: { r.example.com: { username: u } }", "registries.r.example.com.passwordFile: is missing"],
    ["registries: { r.example.com: { passwordFile: f } }", "registries.r.example.com.username: is missing"],
    [
      "registries: { 'https://r.example.com': {} }",
      'registries.https://r.example.com: "https://r.example.com" is not a registry\'s host (write registry.example.com or registry:5000, without scheme and path)',
    ],
    [
      "registries: { r.example.com: { realmHosts: ['https://a.example.com'] } }",
      "registries.r.example.com.realmHosts.0: is not a host (write auth.example.com or auth.example.com:8443, without scheme and path)",
    ],
    [
      "registries: { r.example.com: { realmHosts: a.example.com } }",
      "registries.r.example.com.realmHosts: must be a list",
    ],
    ["registries: { docker.io: { pullFloor: -1 } }", "registries.docker.io.pullFloor: must be at least 0"],
    [
      "registries: { docker.io: {}, index.docker.io: {} }",
      "registries.index.docker.io: docker.io stands here twice",
    ],
    [
      "allowRegistries: [registry]",
      'allowRegistries.0: "registry" is not a registry\'s host (write registry.example.com or registry:5000, without scheme and path)',
    ],
    ["allowRegistries: docker.io", "allowRegistries: must be a list"],
    ["allowRegistries: [~]", "allowRegistries.0: is missing"],
    ["defaultDestination: models", "defaultDestination: is not among destinations"],
    [
      "webhooks: { allowHosts: ['http://a'] }",
      "webhooks.allowHosts.0: is not a host (write hooks.example.com, hooks.example.com:8080 or *.example.com)",
    ],
    ['a: 1\nb: "canary', "line 2, column 11: not YAML (MISSING_CHAR)"],
    ["a: 1\na: 2", "line 2, column 1: not YAML (DUPLICATE_KEY)"],
    ["just words", "must be a mapping"],
  ])("in %j is named with its path", (text, message) => {
    expect(messageOf(text)).toContain(message);
    expect(messageOf(text)).not.toContain("canary: ");
    expect(messageOf(text)).not.toMatch(/canary@|: canary/u);
  });

  test("does not hide the others, wherever they stand", () => {
    const text =
      "bandwidth: { limit: fast }\nworker: { concurrency: 0 }\ndestinations: { a: { url: s3://backup, region: 7 } }";
    expect(messageOf(text, { REDIS_URL: "http://x" })).toBe(
      [
        "REDIS_URL: must be a URL that begins with redis:// or rediss://",
        "destinations.a.region: must be a text (put numbers in quotes)",
        'bandwidth.limit: "fast" is not a rate (write 20MB/s, 16MiB/s or bytes per second)',
        "worker.concurrency: must be at least 1",
      ].join("; "),
    );
  });

  test("of aliases without end is one line, not a hang", () => {
    const bomb = Array.from({ length: 12 }, (_value, step) =>
      step === 0
        ? "a0: &a0 [x, x]"
        : `a${step}: &a${step} [${Array.from({ length: 9 }, () => `*a${step - 1}`).join(", ")}]`,
    ).join("\n");
    expect(messageOf(bomb)).toContain("not YAML");
  });

  test("in a key named __proto__ is an unknown key like any other", () => {
    expect(messageOf("__proto__: { limit: 1 }")).toContain("__proto__: unknown key");
  });
});

function messageOf(text: string, env: Record<string, string> = {}): string {
  try {
    parseConfig(text, env);
  } catch (error) {
    if (error instanceof InvalidRequestError) {
      expect(error.message).not.toContain("\n");
      return error.message;
    }
    throw error;
  }
  throw new Error("it was taken");
}
