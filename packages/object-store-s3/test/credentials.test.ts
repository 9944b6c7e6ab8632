import { Socket } from "node:net";

import { DestinationDeniedError } from "@layaway/object-store";
import { afterEach, describe, expect, test, vi } from "vitest";

import { createS3Store } from "../src/index.ts";
import { headersOnly, startScriptedS3 } from "./scripted-s3.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** An environment that names no credentials, whatever this machine has. */
function emptyEnvironment(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
  vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent/config");
}

describe("credentials", () => {
  test("that are nowhere to be found are told of at once, and no address is asked for them", async () => {
    emptyEnvironment();
    // Not even a broken chain gets a packet out.
    const connect = vi.spyOn(Socket.prototype, "connect").mockImplementation(() => {
      throw new Error("a connection was tried");
    });
    const store = createS3Store({ bucket: "bucket", endpoint: "http://127.0.0.1:9", checksums: "auto" });
    await expect(store.head("k.tar")).rejects.toBeInstanceOf(DestinationDeniedError);
    await expect(store.presignGet("k.tar", { expiresInSeconds: 60 })).rejects.toBeInstanceOf(
      DestinationDeniedError,
    );
    expect(connect).not.toHaveBeenCalled();
    await store.close();
  });

  test("are taken from the environment", async () => {
    emptyEnvironment();
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDFROMENV");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret-from-env");
    const server = await startScriptedS3(headersOnly(200));
    const store = createS3Store({
      bucket: "bucket",
      endpoint: server.endpoint,
      region: "eu-central-1",
      checksums: "auto",
    });
    await store.delete("k.tar");
    expect(server.seen[0]?.headers.authorization).toMatch(/Credential=AKIDFROMENV\/\d+\/eu-central-1\/s3\//u);
    await store.close();
    await server.close();
  });

  test("are asked for again when they are about to expire, in the middle of an upload", async () => {
    const server = await startScriptedS3(headersOnly(200, { etag: '"e"' }));
    let asked = 0;
    const credentials = async (): Promise<{
      accessKeyId: string;
      secretAccessKey: string;
      expiration: Date;
    }> => {
      asked += 1;
      return { accessKeyId: `AKID${asked}`, secretAccessKey: "secret", expiration: new Date(0) };
    };
    const store = createS3Store({
      bucket: "bucket",
      endpoint: server.endpoint,
      credentials,
      checksums: "none",
    });
    const upload = { key: "k.tar", uploadId: "id-1" };
    await store.uploadPart(upload, 1, Buffer.alloc(1));
    await store.uploadPart(upload, 2, Buffer.alloc(1));
    const [first, second] = server.seen.map(
      ({ headers }) => /Credential=(\w+)/u.exec(headers.authorization ?? "")?.[1],
    );
    expect(first).not.toBe(second);
    await store.close();
    await server.close();
  });

  test("that a provider fails to give are told of without its words", async () => {
    const credentials = (): Promise<never> => Promise.reject(new Error("token canary\nsecond line"));
    const store = createS3Store({
      bucket: "bucket",
      endpoint: "http://127.0.0.1:9",
      credentials,
      checksums: "none",
    });
    const failure = await store.head("k.tar").catch(String);
    expect(failure).toMatch(/^[^\n]+$/u);
    expect(failure).not.toContain("canary");
    await store.close();
  });
});
