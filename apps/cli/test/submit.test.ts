import { PassThrough } from "node:stream";

import { InvalidRequestError } from "@layaway/errors";
import { InvalidReferenceError } from "@layaway/oci";
import { describe, expect, it } from "vitest";

import { ApiAnswerError, type ApiClient } from "../src/api-client.ts";
import { submit, type SubmitOptions } from "../src/commands/submit.ts";
import { archiveOf } from "./archives.ts";

function run(images: readonly string[], more: Partial<SubmitOptions> = {}) {
  const asked: string[] = [];
  const client: Pick<ApiClient, "submit" | "get"> = {
    async submit({ image }) {
      asked.push(String(image));
      if (image === "refused:1") throw new ApiAnswerError("denied", "not here", 403);
      return archiveOf({ id: `arc_${asked.length}`, image: String(image) });
    },
    get: async (id) => archiveOf({ id, state: "completed" }),
  };
  const stdout = new PassThrough({ encoding: "utf8" });
  const terminal = { env: {}, stdout, stderr: new PassThrough(), signal: new AbortController().signal };
  const done = submit(images, { label: [], ...more }, client, terminal);
  return { done, asked, told: () => String(stdout.read() ?? "") };
}

describe("layaway submit", () => {
  it("looks at every image before it asks for the first one", async () => {
    const { done, asked } = run(["a:1", "NOT:valid:2"]);
    await expect(done).rejects.toThrow(InvalidReferenceError);
    expect(asked).toEqual([]);
  });

  it("tells what was accepted before one was refused", async () => {
    const { done, told } = run(["a:1", "refused:1", "b:1"]);
    await expect(done).rejects.toThrow(ApiAnswerError);
    expect(told()).toMatch(/^arc_1 +queued +a:1\n$/);
  });

  it("tells so with --wait too, where nothing is waited for then", async () => {
    const { done, told } = run(["a:1", "refused:1"], { wait: true });
    await expect(done).rejects.toThrow(ApiAnswerError);
    expect(told()).toMatch(/^arc_1 +queued +a:1\n$/);
  });

  it("prints one JSON document of what was accepted, also where one was refused", async () => {
    const { done, told } = run(["a:1", "refused:1"], { json: true });
    await expect(done).rejects.toThrow(ApiAnswerError);
    expect(JSON.parse(told())).toMatchObject([{ id: "arc_1", image: "a:1" }]);
  });

  it("prints one archive as it is, and several as a list", async () => {
    const one = run(["a:1"], { json: true });
    await one.done;
    expect(JSON.parse(one.told())).toMatchObject({ id: "arc_1" });
    const two = run(["a:1", "b:1"], { json: true, wait: true });
    await two.done;
    expect(JSON.parse(two.told())).toMatchObject([{ state: "completed" }, { state: "completed" }]);
  });

  it("refuses a label without a value", async () => {
    await expect(run(["a:1"], { label: ["team"] }).done).rejects.toThrow(InvalidRequestError);
  });
});
