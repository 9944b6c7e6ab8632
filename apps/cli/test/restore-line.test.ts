import { describe, expect, it } from "vitest";

import { restoreLine } from "../src/restore-line.ts";

const s3 = { kind: "s3", bucket: "b", prefix: "", pathStyle: true, checksums: "auto" } as const;

describe("restoreLine", () => {
  it("is a pipe into docker load for S3, with the endpoint where it is not AWS", () => {
    expect(restoreLine(s3, "s3://b/nginx/1@sha256-00.tar")).toBe(
      "aws s3 cp s3://b/nginx/1@sha256-00.tar - | docker load",
    );
    expect(restoreLine({ ...s3, endpoint: "http://127.0.0.1:9000" }, "s3://b/x.tar")).toBe(
      "aws s3 cp --endpoint-url http://127.0.0.1:9000 s3://b/x.tar - | docker load",
    );
  });

  it("quotes what a shell would take apart", () => {
    expect(restoreLine(s3, "s3://b/it's $HOME.tar")).toBe(
      String.raw`aws s3 cp 's3://b/it'\''s $HOME.tar' - | docker load`,
    );
  });

  it("loads a local file as it is", () => {
    expect(restoreLine({ kind: "fs", directory: "/srv" }, "file:///srv/a%40b.tar")).toBe(
      "docker load -i /srv/a@b.tar",
    );
  });
});
