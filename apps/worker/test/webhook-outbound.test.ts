import { AddressDeniedError } from "@layaway/outbound";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createWebhookOutbound } from "../src/webhook-outbound.ts";
import { type HookReceiver, startHookReceiver } from "./hook-receiver.ts";

let receiver: HookReceiver;

beforeEach(async () => {
  receiver = await startHookReceiver();
});
afterEach(() => receiver.stop());

async function post(allowHosts: readonly string[], url: URL): Promise<number> {
  const outbound = createWebhookOutbound(allowHosts, "layaway/test");
  try {
    const response = await outbound.request({ method: "POST", url, body: "{}" });
    response.discard();
    return response.status;
  } finally {
    await outbound.close();
  }
}

describe("the client of webhooks", () => {
  it("reaches a private host over plain http where the operator named it", async () => {
    const url = new URL(receiver.url);
    expect(await post([url.host], url)).toBe(204);
    expect(await post([url.hostname], url)).toBe(204);
    expect(receiver.hooks).toHaveLength(2);
  });

  it.each([
    ["nobody named", []],
    ["another port was named", ["127.0.0.1:1"]],
    ["another host was named", ["*.example.com"]],
  ])("reaches no private host where %s", async (_what, allowHosts) => {
    await expect(post(allowHosts, new URL(receiver.url))).rejects.toThrow(AddressDeniedError);
    const { port } = new URL(receiver.url);
    await expect(post(allowHosts, new URL(`https://127.0.0.1:${port}/`))).rejects.toThrow(AddressDeniedError);
    expect(receiver.hooks).toEqual([]);
  });

  it("never reaches a metadata address, even a named one", async () => {
    await expect(post(["169.254.169.254"], new URL("http://169.254.169.254/"))).rejects.toThrow(
      AddressDeniedError,
    );
  });
});
