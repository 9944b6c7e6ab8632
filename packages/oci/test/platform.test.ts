import { InvalidRequestError } from "@layaway/errors";
import { defaultPlatform, formatPlatform, parsePlatform, platformMatches } from "@layaway/oci";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { throwsOnlyOurs } from "./thrown-by.ts";

describe("parsePlatform", () => {
  it.each([
    ["linux/amd64", "linux/amd64"],
    ["Linux/x86_64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/v3", "linux/amd64/v3"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/i686", "linux/386"],
    ["macos/arm64", "darwin/arm64"],
    ["linux/s390x", "linux/s390x"],
    ["windows(10.0.20348.1)/amd64", "windows(10.0.20348.1)/amd64"],
  ])("reads %s as %s", (text, normalized) => {
    expect(formatPlatform(parsePlatform(text))).toBe(normalized);
    expect(parsePlatform(normalized)).toEqual(parsePlatform(text));
  });

  it.each([
    "",
    "linux",
    "linux/",
    "/amd64",
    "linux/arm/v7/x",
    "linux amd64",
    "all",
    `linux/${"a".repeat(200)}`,
  ])("refuses %j", (text) => {
    expect(() => parsePlatform(text)).toThrow(InvalidRequestError);
  });

  it("throws nothing but its own error", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (text) => throwsOnlyOurs(() => parsePlatform(text))),
    );
  });
});

describe("platformMatches", () => {
  it.each([
    ["linux/amd64", "linux/x86_64", true],
    ["linux/amd64", "linux/amd64/v1", true],
    ["linux/amd64", "linux/amd64/v2", false],
    ["linux/amd64", "linux/386", false],
    ["linux/arm", "linux/arm/v7", true],
    ["linux/arm/v7", "linux/arm/v6", false],
    ["linux/arm64", "linux/arm64/v8", true],
    ["linux/amd64", "windows/amd64", false],
    ["windows/amd64", "windows(10.0.1)/amd64", true],
    ["windows(10.0.2)/amd64", "windows(10.0.1)/amd64", false],
  ])("%s takes %s: %s", (wanted, offered, matches) => {
    expect(platformMatches(parsePlatform(wanted), parsePlatform(offered))).toBe(matches);
  });

  it("normalises what it is given", () => {
    expect(platformMatches(defaultPlatform, { os: "linux", architecture: "x86_64", variant: "" })).toBe(true);
  });
});
