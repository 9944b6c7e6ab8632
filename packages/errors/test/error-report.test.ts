import { describe, expect, it } from "vitest";

import { CancelledError, errorReportOf, InternalError } from "../src/index.ts";

describe("errorReportOf", () => {
  it("tells of our errors what the contract has", () => {
    expect(errorReportOf(new InternalError("redis at 127.0.0.1:6379: connection refused"))).toEqual({
      code: "internal",
      message: "redis at 127.0.0.1:6379: connection refused",
      side: "internal",
      retryable: true,
    });
  });

  it("keeps to itself what others wrote into their errors", () => {
    const report = errorReportOf(new Error("connect https://user:canary@example.com failed"));
    expect(report.code).toBe("internal");
    expect(JSON.stringify(report)).not.toContain("canary");
  });
});

describe("LayawayError", () => {
  it("carries its class's name, its cause and the time the other side asked for", () => {
    const cause = new Error("reset");
    const error = new CancelledError("stopped", { cause, retryAfterMs: 250 });
    expect(error).toMatchObject({ name: "CancelledError", cause, retryAfterMs: 250 });
    expect("cause" in new CancelledError("stopped")).toBe(false);
  });
});
