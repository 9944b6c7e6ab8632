import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, it } from "vitest";

import { FakeJobs, idOf, testApi } from "./test-api.ts";

const submit = { method: "POST" as const, url: "/v1/archives", payload: { image: "nginx" } };

describe("GET /v1/archives", () => {
  it("shows archives with links, and where the next page begins", async () => {
    const { app } = testApi();
    await app.inject(submit);
    const page = (await app.inject("/v1/archives")).json();
    expect(page.nextCursor).toBe("next");
    expect(page.items).toMatchObject([{ id: idOf(1), links: { self: `/v1/archives/${idOf(1)}` } }]);
  });

  it("hands filters on, and asks for 50 unless told otherwise", async () => {
    const { app, jobs } = testApi();
    await app.inject("/v1/archives");
    await app.inject("/v1/archives?state=failed&image=nginx&label=team%3Dblue&cursor=c&limit=200");
    expect(jobs.queries).toEqual([
      { limit: 50 },
      { state: "failed", image: "nginx", label: "team=blue", cursor: "c", limit: 200 },
    ]);
  });

  it.each([
    "limit=0",
    "limit=201",
    "limit=x",
    "limit=1.5",
    "state=done",
    "state=failed&state=queued",
    "cursor=",
  ])("refuses %s", async (query) => {
    const { app, jobs } = testApi();
    const answer = await app.inject(`/v1/archives?${query}`);
    expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_request"]);
    expect(jobs.queries).toEqual([]);
  });

  it("refuses a cursor that the catalogue does not know", async () => {
    const jobs = new FakeJobs();
    jobs.list = () => Promise.reject(new InvalidRequestError("cursor: none of ours"));
    const { app } = testApi({ jobs });
    expect((await app.inject("/v1/archives?cursor=x")).statusCode).toBe(400);
  });
});

describe("GET /v1/archives/{id}", () => {
  it("shows the archive, and nothing that is not in the contract", async () => {
    const { app, jobs } = testApi();
    const { id } = (await app.inject(submit)).json();
    const archive = await jobs.get(id);
    if (archive === undefined) throw new Error("was queued");
    const error = {
      code: "manifest_unknown",
      message: "GET ...: 404",
      side: "source",
      retryable: false,
    } as const;
    jobs.archives.set(id, { ...archive, state: "failed", error, password: "hidden" } as typeof archive);
    const answer = await app.inject(`/v1/archives/${id}`);
    expect(answer.json()).toMatchObject({ state: "failed", error });
    expect(answer.body).not.toContain("hidden");
  });
});
