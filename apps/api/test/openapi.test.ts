import { describe, expect, it } from "vitest";

import { testApi } from "./test-api.ts";

async function security(tokens: string[]): Promise<unknown> {
  return (await testApi({ tokens }).app.inject("/openapi.json")).json().security;
}

describe("GET /openapi.json", () => {
  it("describes every route that answers", async () => {
    const { app } = testApi();
    const document = (await app.inject("/openapi.json")).json();
    const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(document.openapi).toBe("3.1.0");
    expect(described.sort()).toEqual([
      "DELETE /v1/bandwidth",
      "GET /healthz",
      "GET /metrics",
      "GET /readyz",
      "GET /v1/archives",
      "GET /v1/archives/{id}",
      "GET /v1/archives/{id}/download",
      "GET /v1/bandwidth",
      "POST /v1/archives",
      "PUT /v1/bandwidth",
    ]);
  });

  it("tells what a request may hold, and that nothing else may stand in it", async () => {
    const { app } = testApi();
    const { paths, components } = (await app.inject("/openapi.json")).json();
    const post = paths["/v1/archives"].post;
    const name = post.requestBody.content["application/json"].schema.$ref.replace(
      "#/components/schemas/",
      "",
    );
    const schema = components.schemas[name];
    expect(schema.required).toEqual(["image"]);
    expect(Object.keys(schema.properties)).toEqual([
      "image",
      "destination",
      "platform",
      "name",
      "callbackUrl",
      "priority",
      "labels",
    ]);
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(post.responses)).toEqual(["200", "202", "default"]);
    expect(Object.keys(post.responses.default.content)).toEqual(["application/problem+json"]);
  });

  it("tells that a download is a redirect, the archive, or a range of it", async () => {
    const { paths } = (await testApi().app.inject("/openapi.json")).json();
    const { responses } = paths["/v1/archives/{id}/download"].get;
    expect(Object.keys(responses)).toEqual(["200", "206", "302", "default"]);
    expect(Object.keys(responses[206].content)).toEqual(["application/x-tar"]);
  });

  it("asks for a token only where there are tokens", async () => {
    expect(await security(["t"])).toEqual([{ token: [] }]);
    expect(await security([])).toBeUndefined();
  });
});

describe("GET /docs", () => {
  it("is a page that loads nothing from elsewhere", async () => {
    const { app } = testApi();
    const page = await app.inject("/docs");
    const links = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1] ?? "");
    expect(page.statusCode).toBe(200);
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      expect(link).not.toMatch(/^(https?:)?\/\//);
      const asset = await app.inject(new URL(link, "http://127.0.0.1/docs").pathname);
      expect([link, asset.statusCode]).toEqual([link, 200]);
    }
    expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
  });
});
