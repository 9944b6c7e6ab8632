import { archiveKey, checkArchiveKey } from "@layaway/archive";
import { InvalidRequestError } from "@layaway/errors";
import { parseReference, sha256Of } from "@layaway/oci";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { imageOf, indexedImageOf, platformImage } from "./images.ts";

const digest = sha256Of(new Uint8Array(0));
const hex = digest.slice(7);
const keyOf = (reference: string, template?: string): string =>
  archiveKey({ reference: parseReference(reference), digest }, template);

describe("archiveKey", () => {
  it.each([
    ["nginx:1.27", `docker.io/library/nginx/1.27@sha256-${hex}.tar`],
    ["registry.example.com/team/app", `registry.example.com/team/app/latest@sha256-${hex}.tar`],
    ["127.0.0.1:5000/a/b:v1", `127.0.0.1_5000/a/b/v1@sha256-${hex}.tar`],
    ["[::1]:5000/x:1", `___1__5000/x/1@sha256-${hex}.tar`],
    [`nginx@${digest}`, `docker.io/library/nginx/sha256-${hex}.tar`],
    [`nginx:1.27@${digest}`, `docker.io/library/nginx/1.27@sha256-${hex}.tar`],
  ])("puts %s at %s", (reference, key) => {
    expect(keyOf(reference)).toBe(key);
  });

  it("names what is archived: the image's manifest, or the index where every platform is kept", () => {
    const image = imageOf([], "nginx:1.27");
    const all = indexedImageOf([platformImage([]), platformImage([], "arm64")]);
    expect(archiveKey(image)).toBe(
      `docker.io/library/nginx/1.27@${image.primary.raw.descriptor.digest.replace(":", "-")}.tar`,
    );
    expect(archiveKey(all)).toBe(
      `docker.io/library/nginx/1.27@${all.root.descriptor.digest.replace(":", "-")}.tar`,
    );
    expect(archiveKey(image, "{platform}.tar")).toBe("linux-amd64.tar");
    expect(archiveKey(all, "{platform}.tar")).toBe("all.tar");
  });

  it("knows every placeholder, also more than once", () => {
    const template = "{repository}/{repository}/{registry}/{tag}-{digest}-{hex}.tar";
    expect(keyOf("nginx:1", template)).toBe(
      `library/nginx/library/nginx/docker.io/1-sha256-${hex}-${hex}.tar`,
    );
    const windows = { os: "windows", osVersion: "10.0.1", architecture: "amd64" };
    expect(archiveKey({ reference: parseReference("x"), digest, platform: windows }, "{platform}")).toBe(
      "windows-10.0.1-amd64",
    );
  });

  it("lets the digest stand in for a tag that is not there", () => {
    expect(keyOf(`nginx@${digest}`, "{repository}/{tag}.tar")).toBe(`library/nginx/sha256-${hex}.tar`);
    expect(keyOf(`nginx@${digest}`, "{repository}/{tag}@{hex}.tar")).toBe(`library/nginx/${hex}.tar`);
  });

  it.each([
    "",
    "/{hex}.tar",
    "{hex}/",
    "a//{hex}",
    "../{hex}.tar",
    "a/./{hex}",
    ".layaway/{hex}.tar",
    ".layaway",
    "{hex}\\x",
    "a b",
    "a\u0000",
    "caf\u00e9/{hex}",
    "{nonsense}.tar",
    "{}.tar",
    "{hex",
    "{platform}.tar",
    "{__proto__}",
    `${"x".repeat(1000)}/{hex}.tar`,
  ])("refuses the template %j", (template) => {
    expect(() => keyOf("nginx:1", template)).toThrow(InvalidRequestError);
  });

  it("takes a key of 1023 bytes and none of 1024", () => {
    expect(checkArchiveKey("x".repeat(1023))).toHaveLength(1023);
    expect(() => checkArchiveKey("x".repeat(1024))).toThrow(InvalidRequestError);
  });

  it("fits the longest reference into the default template", () => {
    const longest = `${"h".repeat(60)}.example.com/${"r".repeat(180)}:${"t".repeat(128)}`;
    expect(checkArchiveKey(keyOf(longest))).toContain("t".repeat(128));
  });

  it("makes a safe key of any template, or refuses it", () => {
    const pieces = fc.constantFrom(
      "{registry}",
      "{repository}",
      "{tag}",
      "{hex}",
      "/",
      ".",
      "..",
      "\\",
      "{",
      "}",
      "x",
      " ",
      "\n",
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 8 }),
        fc.constantFrom("nginx:1", "[::1]:5000/a/b:v", `x@${digest}`),
        (template, reference) => {
          const segments = keyOrNothing(() => keyOf(reference, template.join(""))).split("/");
          expect(
            segments.filter((segment) => !/^[A-Za-z0-9._@-]+$/.test(segment) || /^\.{1,2}$/.test(segment)),
          ).toEqual([]);
        },
      ),
    );
  });
});

/** The key; where it is refused, one that is safe. */
function keyOrNothing(make: () => string): string {
  try {
    return make();
  } catch (error) {
    if (error instanceof InvalidRequestError) return "refused";
    throw error;
  }
}
