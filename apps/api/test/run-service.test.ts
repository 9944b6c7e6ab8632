import { EventEmitter } from "node:events";

import { InternalError, InvalidRequestError } from "@layaway/errors";
import { describe, expect, it } from "vitest";

import { createClosing } from "../src/process/closing.ts";
import { runService, type ServiceProcess } from "../src/process/run-service.ts";
import { serviceSettings } from "../src/process/service-settings.ts";
import { listenSettings } from "../src/config.ts";

class FakeProcess extends EventEmitter implements ServiceProcess {
  readonly codes: number[] = [];
  text = "";
  readonly stderr = { write: (text: string) => void (this.text += text) };
  exit(code: number): void {
    this.codes.push(code);
  }
}

describe("a service", () => {
  it.each(["SIGTERM", "SIGINT"])("is closed by %s", async (signal) => {
    const process = new FakeProcess();
    let closed = 0;
    await runService(process, async () => {
      setImmediate(() => process.emit(signal));
      return { close: async () => void (closed += 1) };
    });
    expect([closed, process.codes, process.text]).toEqual([1, [0], ""]);
  });

  it("ends at once with the second signal, even while it closes", async () => {
    const process = new FakeProcess();
    await runService(process, async () => {
      process.emit("SIGTERM");
      return {
        close: async () => {
          process.emit("SIGTERM");
          expect(process.codes).toEqual([130]);
        },
      };
    });
    expect(process.codes).toEqual([130, 0]);
  });

  it.each([
    [new InvalidRequestError("REDIS_URL is not set"), 2, "layaway: invalid_request: REDIS_URL is not set\n"],
    [new InternalError("redis at 127.0.0.1:1: away"), 1, "layaway: internal: redis at 127.0.0.1:1: away\n"],
  ])("that cannot start says why in one line: %s", async (error, code, line) => {
    const process = new FakeProcess();
    await runService(process, () => Promise.reject(error));
    expect([process.codes, process.text]).toEqual([[code], line]);
  });
});

describe("what was opened", () => {
  it("is closed in reverse order, all of it, and the first failure is told", async () => {
    const closed: string[] = [];
    const resource = (name: string, error?: Error) => ({
      async close() {
        closed.push(name);
        if (error !== undefined) throw error;
      },
    });
    const opened = createClosing();
    opened.add(resource("store"));
    opened.add(resource("queue", new Error("queue")));
    opened.add(resource("server", new Error("server")));
    await expect(opened.close()).rejects.toThrow("server");
    await opened.close();
    expect(closed).toEqual(["server", "queue", "store"]);
  });
});

describe("settings", () => {
  it("have defaults", () => {
    expect(listenSettings({})).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(serviceSettings({})).toEqual({ logLevel: "info" });
  });

  it("come from the environment", () => {
    expect(listenSettings({ LAYAWAY_HOST: "::1", LAYAWAY_PORT: "0" })).toEqual({ host: "::1", port: 0 });
    const publicUrl = new URL("https://layaway.example.com/api");
    expect(serviceSettings({ LAYAWAY_LOG_LEVEL: "debug", LAYAWAY_PUBLIC_URL: publicUrl.href })).toEqual({
      logLevel: "debug",
      publicUrl,
    });
  });

  it.each(["65536", "-1", "x", "", "1e3"])("refuse the port %s", (port) => {
    expect(() => listenSettings({ LAYAWAY_PORT: port })).toThrow(/^LAYAWAY_PORT: /);
  });

  it.each([
    "ftp://layaway.example.com",
    "layaway.example.com",
    "https://u:p@layaway.example.com/",
    "https://l.example.com/?a=b",
  ])("refuse the public URL %s", (url) => {
    expect(() => serviceSettings({ LAYAWAY_PUBLIC_URL: url })).toThrow(/^LAYAWAY_PUBLIC_URL: /);
  });

  it("refuse a log level that there is not", () => {
    expect(() => serviceSettings({ LAYAWAY_LOG_LEVEL: "loud" })).toThrow(/^LAYAWAY_LOG_LEVEL: /);
  });
});
