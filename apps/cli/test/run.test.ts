import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";

import { describe, expect, it } from "vitest";

import { run } from "../src/run.ts";

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const runWith = (...args: readonly string[]): Promise<Ended> =>
  runIn({ LAYAWAY_URL: "http://127.0.0.1:1" }, ...args);

async function runIn(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  const text = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof text): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text[name] += chunk.toString();
        done();
      },
    });
  const terminal = {
    env,
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    signal: new AbortController().signal,
  };
  return { status: await run(args, terminal), ...text };
}

/** Runs a command against an API that answers everything in one way. */
async function runAgainst(status: number, type: string, body: string, ...args: string[]): Promise<Ended> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await runIn({ LAYAWAY_URL: `http://127.0.0.1:${port}` }, ...args);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
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
    [["archiv", "x"], /^layaway: invalid_request: unknown command 'archiv' \(Did you mean archive\?\)\n$/],
    [["submit", "nginx", "--priority", "abc"], /^layaway: invalid_request: --priority: .*"abc"\n$/],
    [["submit", "nginx", "--priority", "101"], /^layaway: invalid_request: --priority: /],
    [["status", "--limit", "abc"], /^layaway: invalid_request: --limit: .*"abc"\n$/],
    [["download", "arc_1", "-o", "/tmp"], /^layaway: invalid_request: --output \/tmp: is a directory/],
    [["download", "arc_1", "-o", "/nonexistent/a.tar"], /^layaway: invalid_request: --output .*not exist\n$/],
    [["archive", "nginx", "file:///x", "--fast"], /^layaway: invalid_request: unknown option '--fast'/],
    [["archive", "nginx", "file:///x", "--limit", "fast"], /^layaway: invalid_request: .*fast/],
    [["archive", "nginx", "file:///x", "--limit", "5mb/s"], /^layaway: invalid_request: .*bits/],
    [["archive", "nginx", "file:///x", "--limit", "5"], /^layaway: invalid_request: .*write 0 to pause/],
    [["archive", "nginx", "file:///x", "--part-size", "-1"], /^layaway: invalid_request: /],
    [["archive", "nginx", "file:///x", "--part-size", "0"], /^layaway: invalid_request: .*100KiB and 1GiB/],
    [
      ["archive", "nginx", "file:///x", "--part-size", "100GiB"],
      /^layaway: invalid_request: .*100KiB and 1GiB/,
    ],
    [["archive", "nginx", "file:///x", "--concurrency", "0"], /^layaway: invalid_request: --concurrency/],
    [["archive", "nginx", "file:///x", "--tls-verify", "maybe"], /^layaway: invalid_request: --tls-verify/],
    [["archive", "docker-daemon:app:1", "file:///x"], /^layaway: invalid_request: docker-daemon:app:1/],
    [["archive", "NGINX", "file:///x"], /^layaway: invalid_reference: /],
    [["bandwidth", "--clear", "--for", "2h"], /^layaway: invalid_request: --for: goes with --set/],
    [["submit", "nginx", "--label", "novalue"], /^layaway: invalid_request: --label/],
    [
      ["archive", "nginx", "file:///x", "--authfile", "/nonexistent/auth.json"],
      /^layaway: invalid_request: --authfile \/nonexistent\/auth\.json: ENOENT/,
    ],
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

  it.each(["constructor", "__proto__"])("knows no destination %s that nobody configured", async (name) => {
    const { status, stderr } = await runWith("archive", "127.0.0.1:1/app", name);
    expect(stderr).toMatch(/^layaway: destination_unknown: /);
    expect(status).toBe(4);
  });

  it("takes a variable that is set to nothing for absent", async () => {
    const { status, stderr } = await runIn({ LAYAWAY_CONFIG: "" }, "config");
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("says in one line that what answers is no API of ours", async () => {
    const { status, stderr } = await runAgainst(200, "text/html", "<html>", "status");
    expect(stderr).toMatch(/^layaway: internal: http:\/\/127\.0\.0\.1:\d+\/v1\/archives\S+ .*JSON.*\n$/);
    expect(status).toBe(1);
  });

  it.each([["status"], ["download"]])(
    "ends %s of an archive that is not there as not found",
    async (command) => {
      const problem = JSON.stringify({ code: "invalid_request", detail: "there is no archive arc_nope" });
      const ended = await runAgainst(404, "application/problem+json", problem, command, "arc_nope");
      expect(ended.stderr).toBe("layaway: invalid_request: there is no archive arc_nope\n");
      expect(ended.status).toBe(4);
    },
  );

  it("fails with a code that only a newer API knows", async () => {
    const problem = JSON.stringify({ code: "brand_new", detail: "something else" });
    const ended = await runAgainst(409, "application/problem+json", problem, "status", "arc_1");
    expect(ended.stderr).toBe("layaway: brand_new: something else\n");
    expect(ended.status).toBe(1);
  });
});
