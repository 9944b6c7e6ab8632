import { CancelledError } from "@layaway/errors";
import { describe, expect, it } from "vitest";

import { createTaskScope } from "../src/task-scope.ts";

describe("createTaskScope", () => {
  it("aborts the others on the first failure, waits for them, and throws it", async () => {
    const scope = createTaskScope(new AbortController().signal);
    const ended: string[] = [];
    const failure = new Error("first");
    void scope.run(async () => {
      await new Promise((resolve) => scope.signal.addEventListener("abort", resolve));
      await new Promise((resolve) => setImmediate(resolve));
      ended.push("other");
    });
    void scope.run(() => Promise.reject(failure));
    await expect(scope.settle()).rejects.toBe(failure);
    expect(ended).toEqual(["other"]);
  });

  it("keeps later failures as the cause, but not the cancellations that echo the first one", async () => {
    const scope = createTaskScope(new AbortController().signal);
    const second = new Error("second");
    void scope.run(() => Promise.reject(new Error("first")));
    void scope.run(() => Promise.reject(new CancelledError("echo")));
    void scope.run(() => Promise.reject(second));
    const error: unknown = await scope.settle().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: "first", cause: { errors: [second] } });
  });

  it("fails as cancelled when the outer signal aborts", async () => {
    const outer = new AbortController();
    const scope = createTaskScope(outer.signal);
    outer.abort();
    await expect(scope.settle()).rejects.toBeInstanceOf(CancelledError);
  });
});
