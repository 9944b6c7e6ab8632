import { InvalidRequestError } from "@layaway/errors";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";

import { createEvent, parseWebhookSecret, signWebhook } from "../src/index.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const newSecret = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
const body = '{"type":"archive.completed","data":{"image":"ä"}}';

function signed(secrets: readonly string[]): ReturnType<typeof signWebhook> {
  return signWebhook({ secrets, id: "evt_1", timestampSeconds: Date.now() / 1000, body });
}

test("signs as the Standard Webhooks library does", () => {
  const at = new Date(1_777_000_000_900);
  const headers = signWebhook({
    secrets: [secret],
    id: "evt_1",
    timestampSeconds: at.getTime() / 1000,
    body,
  });
  expect(headers["webhook-timestamp"]).toBe("1777000000");
  expect(headers["webhook-signature"]).toBe(new Webhook(secret).sign("evt_1", at, body));
});

test("is verified by the Standard Webhooks library, with either secret during a change", () => {
  const headers = signed([secret, newSecret]);
  expect(new Webhook(secret).verify(body, headers)).toBeDefined();
  expect(new Webhook(newSecret).verify(body, headers)).toBeDefined();
  expect(headers["webhook-signature"].split(" ")).toHaveLength(2);
});

test.each([
  ["other bytes", secret, { ...signed([secret]) }, `${body} `],
  ["another id", secret, { ...signed([secret]), "webhook-id": "evt_2" }, body],
  ["another secret", newSecret, signed([secret]), body],
])("does not hold for %s", (_what, key, headers, bytes) => {
  expect(() => new Webhook(key).verify(bytes, headers)).toThrow("No matching signature");
});

test.each([
  "",
  "whsec_",
  "whsec_!!!!",
  `whsec_${Buffer.alloc(23).toString("base64")}`,
  `whsec_${Buffer.alloc(65).toString("base64")}`,
  Buffer.alloc(32).toString("base64"),
])("refuses the secret %j without quoting it", (text) => {
  expect(() => parseWebhookSecret(text)).toThrow(InvalidRequestError);
  if (text !== "" && text !== "whsec_") expect(() => parseWebhookSecret(text)).not.toThrow(text);
});

test("takes a secret with the newline of its file", () => {
  expect(parseWebhookSecret(`${secret}\n`)).toEqual(Buffer.alloc(32, 7));
});

test("serialises an event once, and refuses an id that a signature could be misread by", () => {
  const event = { type: "archive.failed", timestamp: "2026-01-01T00:00:00.000Z", data: { id: "arc_1" } };
  expect(createEvent({ ...event, id: "evt_1" })).toEqual({ id: "evt_1", body: JSON.stringify(event) });
  expect(() => createEvent({ ...event, id: "evt.1" })).toThrow();
  expect(() => createEvent({ ...event, id: "evt_1", type: "a b" })).toThrow();
  expect(() => createEvent({ ...event, id: "evt_1", data: { big: "x".repeat(60_000) } })).toThrow();
});
