import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, it } from "vitest";

import { createLogger } from "../src/process/create-logger.ts";

const canary = "c4n4ry-s3cr3t";

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(
    createLogger({ level: "info", part: "api", destination: { write: (line) => void lines.push(line) } }),
  );
  return lines.join("");
}

describe("a log line", () => {
  it("is JSON with level, part and time", () => {
    const line = JSON.parse(logged((logger) => logger.info({ archive: "arc_1" }, "queued")));
    expect(line).toMatchObject({ part: "api", archive: "arc_1", msg: "queued" });
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it.each([
    ["a message with a signed URL", `GET https://s3.example.com/k?X-Amz-Signature=${canary}&X-Amz-Date=1`],
    ["a message with userinfo", `GET https://robot:${canary}@registry.example.com/v2/`],
    ["a bearer token", `authorization: Bearer ${canary}`],
    ["basic credentials", `Basic ${canary}==`],
    ["a webhook secret", `signed with whsec_${canary}+/=`],
  ])("holds nothing of %s", (_what, text) => {
    const error = new Error(text, { cause: new Error(text) });
    const lines = logged((logger) => {
      logger.info(text);
      logger.warn({ err: error }, "failed");
      logger.info({ deep: { list: [text] } }, "x");
    });
    expect(lines).toContain("REDACTED");
    expect(lines).not.toContain(canary);
    for (const line of lines.trim().split("\n")) expect(JSON.parse(line)).toBeTypeOf("object");
  });

  it.each(["authorization", "Cookie", "password", "token", "identitytoken", "secretAccessKey"])(
    "holds no value of a field called %s",
    (name) => {
      const lines = logged((logger) => logger.info({ request: { headers: { [name]: `a"${canary}` } } }, "x"));
      expect(lines).not.toContain(canary);
      expect(JSON.parse(lines).request.headers[name]).toBe("REDACTED");
    },
  );

  it("tells an error's class, code, stack and causes, and no other field of it", () => {
    const error = Object.assign(new TypeError("outer", { cause: new RangeError("inner") }), {
      code: "E1",
      request: { body: canary },
    });
    const line = logged((logger) => logger.error({ err: error }, "failed"));
    expect(JSON.parse(line).err).toMatchObject({
      type: "TypeError",
      code: "E1",
      message: "outer",
      stack: expect.stringContaining("create-logger.test.ts"),
      cause: { type: "RangeError", message: "inner" },
    });
    expect(line).not.toContain(canary);
  });

  it("has no stack of an error that was foreseen", () => {
    const lines = logged((logger) => logger.warn({ err: new InvalidRequestError("image: no") }, "refused"));
    expect(JSON.parse(lines).err).toEqual({
      type: "InvalidRequestError",
      code: "invalid_request",
      message: "image: no",
    });
  });

  it("leaves what is no secret alone", () => {
    const text = "GET https://registry.example.com/v2/a/manifests/1: 404, basic auth and a token are needed";
    expect(logged((logger) => logger.info(text))).toContain(text);
  });
});
