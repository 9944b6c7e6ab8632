import process from "node:process";
import { describe, test } from "vitest";
import { needs } from "./needs.ts";
import type { ServerName } from "./needs.ts";

/**
 * A `describe` whose tests need real servers. Where this machine has them not, its tests are reported as skipped, and the
 * reason stands in their title; with LAYAWAY_TEST_REQUIRE=all in the environment (as in CI) that is a failure instead.
 */
export function describeWithServers(name: string, servers: readonly ServerName[], define: () => void): void {
  const found = needs(...servers);
  if (found.kind === "ok") {
    describe(name, define);
  } else if (everythingIsRequired()) {
    describe(name, () => {
      test("has the servers it needs", () => {
        throw new Error(found.reason);
      });
    });
  } else {
    describe.skip(`${name} [skipped: ${found.reason}]`, define);
  }
}

/** For a server that is installed but cannot run here: skips the test, or fails it where everything is required. */
export function skipTest(context: { skip(reason: string): never }, reason: string): never {
  if (everythingIsRequired()) throw new Error(reason);
  return context.skip(reason);
}

function everythingIsRequired(): boolean {
  return process.env["LAYAWAY_TEST_REQUIRE"] === "all";
}
