import type { Config } from "@layaway/config";
import { parseReference } from "@layaway/oci";
import { describe, expect, it } from "vitest";

import { requestPolicy } from "../src/request-policy.ts";

type PolicyConfig = Parameters<typeof requestPolicy>[0];

function policy(more: Partial<PolicyConfig> = {}): ReturnType<typeof requestPolicy> {
  const secret = { kind: "file", path: "/run/secrets/whsec" } as const;
  const destinations: Config["destinations"] = { models: { kind: "fs", directory: "/srv" } };
  return requestPolicy({ destinations, webhooks: { secret, allowHosts: [] }, ...more });
}

describe("what callers may name", () => {
  it("is any registry where none are listed, else those", () => {
    const hub = parseReference("nginx");
    const other = parseReference("registry.example.com/nginx");
    expect(() => policy().checkRegistry(other)).not.toThrow();
    const { checkRegistry } = policy({ allowRegistries: ["docker.io"] });
    expect(() => checkRegistry(hub)).not.toThrow();
    expect(() => checkRegistry(other)).toThrow(expect.objectContaining({ code: "denied", side: "source" }));
  });

  it("is a public callback, or one of the operator's hosts", () => {
    const { checkCallbackUrl } = policy({
      webhooks: { secret: { kind: "value", value: "x" }, allowHosts: ["127.0.0.1:9000"] },
    });
    expect(checkCallbackUrl("https://ci.example.com/done").href).toBe("https://ci.example.com/done");
    expect(checkCallbackUrl("http://127.0.0.1:9000/done").port).toBe("9000");
    expect(() => checkCallbackUrl("http://127.0.0.1:9001/done")).toThrow(
      expect.objectContaining({ code: "invalid_request" }),
    );
  });

  it("is no callback at all where nothing could sign it", () => {
    const { checkCallbackUrl } = policy({ webhooks: { allowHosts: [] } });
    expect(() => checkCallbackUrl("https://ci.example.com/done")).toThrow(/LAYAWAY_WEBHOOK_SECRET/);
  });

  it("has a default destination only by name", () => {
    expect(policy({ defaultDestination: "models" }).defaultDestination).toBe("models");
    expect(policy({ defaultDestination: "s3://backup/images" }).defaultDestination).toBeUndefined();
  });
});
