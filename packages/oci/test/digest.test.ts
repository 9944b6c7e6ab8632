import {
  DigestMismatchError,
  hexOf,
  InvalidDigestError,
  parseDigest,
  sha256Of,
  SizeMismatchError,
  UnsupportedDigestError,
  verifyBytes,
} from "@layaway/oci";
import { describe, expect, it } from "vitest";

const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

describe("digests", () => {
  it("are computed from bytes", () => {
    expect(sha256Of(new Uint8Array(0))).toBe(empty);
    expect(hexOf(sha256Of(new Uint8Array(0)))).toBe(empty.slice(7));
  });

  it("pass when they are sha256 with 64 lower-case hex digits", () => {
    expect(parseDigest(empty)).toBe(empty);
  });

  it.each([
    "",
    "sha256:",
    empty.toUpperCase(),
    `${empty}0`,
    empty.slice(0, -1),
    `${empty}\n`,
    "latest",
    "sha256:../../x",
    ` ${empty}`,
  ])("are refused as malformed: %j", (text) => {
    expect(() => parseDigest(text)).toThrow(InvalidDigestError);
  });

  it.each([`sha512:${"a".repeat(128)}`, `blake3:${"a".repeat(64)}`, `sha256+b64:${"a".repeat(43)}`])(
    "of another algorithm are a permanent error: %s",
    (text) => {
      expect(() => parseDigest(text)).toThrow(UnsupportedDigestError);
      expect(() => parseDigest(text)).toThrow(
        expect.objectContaining({ code: "unsupported_media_type", retryable: false }),
      );
    },
  );
});

describe("verifyBytes", () => {
  const bytes = new TextEncoder().encode("layer");

  it("passes bytes that are what their descriptor says", () => {
    expect(() => verifyBytes(bytes, { digest: sha256Of(bytes), size: 5 })).not.toThrow();
  });

  it("refuses another size before it looks at the digest", () => {
    expect(() => verifyBytes(bytes, { digest: parseDigest(empty), size: 4 })).toThrow(SizeMismatchError);
  });

  it("refuses other bytes of the same size", () => {
    expect(() => verifyBytes(bytes, { digest: parseDigest(empty), size: 5 })).toThrow(DigestMismatchError);
  });
});
