import { parseConfig, redactConfig } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { expect, test } from "vitest";

test("the environment gives Redis, tokens, the data directory, proxies and the webhook secret", () => {
  const config = parseConfig("webhooks: { secretFile: /run/whsec }", {
    REDIS_URL: "rediss://user:pw@redis.example.com:6380/1",
    LAYAWAY_TOKENS: " one, two,,two ",
    LAYAWAY_DATA_DIR: "/var/lib/layaway",
    LAYAWAY_WEBHOOK_SECRET: "whsec_c2VjcmV0",
    HTTP_PROXY: "http://proxy.example.com:3128",
    https_proxy: "http://proxy.example.com:3129",
    NO_PROXY: "localhost,.example.com",
  });
  expect(config).toMatchObject({
    redisUrl: "rediss://user:pw@redis.example.com:6380/1",
    tokens: ["one", "two"],
    dataDir: "/var/lib/layaway",
    webhooks: { secret: { kind: "value", value: "whsec_c2VjcmV0" } },
    proxy: {
      httpProxy: "http://proxy.example.com:3128",
      httpsProxy: "http://proxy.example.com:3129",
      noProxy: "localhost,.example.com",
    },
  });
});

test("variables that are set to nothing count as absent", () => {
  const config = parseConfig(undefined, {
    REDIS_URL: "",
    LAYAWAY_TOKENS: " ",
    LAYAWAY_DATA_DIR: "",
    HTTP_PROXY: "",
  });
  expect(config).toEqual(parseConfig(undefined, {}));
});

test.each([
  ["LAYAWAY_TOKENS", " , "],
  ["LAYAWAY_TOKENS", "fine,canary with blanks"],
  ["REDIS_URL", "http://canary"],
  ["REDIS_URL", "redis://"],
  ["REDIS_URL", "canary"],
])("%s=%j is refused without being repeated", (name, value) => {
  const attempt = (): unknown => parseConfig(undefined, { [name]: value });
  expect(attempt).toThrow(InvalidRequestError);
  expect(attempt).toThrow(new RegExp(`^${name}: `, "u"));
  expect(attempt).not.toThrow(/canary/u);
});

test("the redacted configuration shows everything but secrets", () => {
  const text = `
destinations:
  a: { url: s3://backup/x, accessKeyId: AKIA, secretAccessKeyFile: /run/secrets/s3 }
  b: { url: oss://partner }
  c: { url: file:///srv }
registries: { r.example.com: { username: robot, passwordFile: /run/secrets/registry } }
`;
  const config = parseConfig(text, {
    OSS_ACCESS_KEY_ID: "LTAI",
    OSS_ACCESS_KEY_SECRET: "canary",
    OSS_SESSION_TOKEN: "canary",
    REDIS_URL: "redis://user:can@ary:canary@redis.example.com:6379/0?password=canary",
    LAYAWAY_TOKENS: "canary,canary2",
    LAYAWAY_WEBHOOK_SECRET: "whsec_canary",
    HTTP_PROXY: "user:canary@proxy.example.com:3128",
    HTTPS_PROXY: "http://user:canary@proxy.example.com:3128",
  });
  const shown = JSON.stringify(redactConfig(config));
  expect(shown).not.toContain("canary");
  expect(JSON.parse(shown)).toMatchObject({
    destinations: {
      a: {
        bucket: "backup",
        credentials: { accessKeyId: "AKIA", secretAccessKey: { path: "/run/secrets/s3" } },
      },
      b: { credentials: { accessKeyId: "LTAI" } },
      c: { directory: "/srv" },
    },
    registries: { "r.example.com": { username: "robot", password: { path: "/run/secrets/registry" } } },
    redisUrl: "redis://(hidden)@redis.example.com:6379/0",
    tokens: ["(hidden)", "(hidden)"],
    proxy: {
      httpProxy: "(hidden)@proxy.example.com:3128",
      httpsProxy: "http://(hidden)@proxy.example.com:3128",
    },
    worker: { concurrency: 2 },
  });
});
