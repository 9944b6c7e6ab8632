import { Writable } from "node:stream";

import { describe, expect, it } from "vitest";

import { run } from "../src/run.ts";

async function runWith(
  ...args: readonly string[]
): Promise<{ status: number; stdout: string; stderr: string }> {
  const text = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof text): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text[name] += chunk.toString();
        done();
      },
    });
  const terminal = {
    env: { LAYAWAY_URL: "http://127.0.0.1:1" },
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    signal: new AbortController().signal,
  };
  return { status: await run(args, terminal), ...text };
}

describe("layaway", () => {
  it("shows its commands", async () => {
    const { status, stdout } = await runWith("--help");
    expect(status).toBe(0);
    for (const name of [
      "archive",
      "serve",
      "api",
      "worker",
      "submit",
      "status",
      "download",
      "inspect",
      "config",
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, "m"));
    }
  });

  it.each([
    [["archive"], /^layaway: invalid_request: missing required argument 'image'/],
    [["archiv", "x"], /^layaway: invalid_request: unknown command 'archiv'/],
    [["archive", "nginx", "file:///x", "--fast"], /^layaway: invalid_request: unknown option '--fast'/],
    [["archive", "nginx", "file:///x", "--limit", "fast"], /^layaway: invalid_request: .*fast/],
    [["archive", "nginx", "file:///x", "--part-size", "-1"], /^layaway: invalid_request: /],
    [["archive", "nginx", "file:///x", "--concurrency", "0"], /^layaway: invalid_request: --concurrency/],
    [["archive", "nginx", "file:///x", "--tls-verify", "maybe"], /^layaway: invalid_request: --tls-verify/],
    [["archive", "docker-daemon:app:1", "file:///x"], /^layaway: invalid_request: docker-daemon:app:1/],
    [["archive", "NGINX", "file:///x"], /^layaway: invalid_reference: /],
    [["submit", "nginx", "--label", "novalue"], /^layaway: invalid_request: --label/],
  ])("refuses %j as wrong usage", async (args, message) => {
    const { status, stdout, stderr } = await runWith(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });

  it("says that no API answers", async () => {
    const { status, stderr } = await runWith("status");
    expect(stderr).toMatch(/^layaway: internal: no answer from the API at http:\/\/127\.0\.0\.1:1 /);
    expect(status).toBe(1);
  });
});
