import { createHash } from "node:crypto";

import { InvalidDigestError, UnsupportedDigestError } from "./errors.ts";

/** A digest whose grammar was checked: `sha256:` and 64 hex digits. Only `parseDigest` and `sha256Of` make one. */
export type Digest = `sha256:${string}`;

const sha256Grammar = /^sha256:[a-f0-9]{64}$/;
/** Any algorithm: image-spec `descriptor.md`, "Digests". */
const digestGrammar = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const shownCharacters = 100;

/**
 * Checks a digest before it reaches a URL, an object key or a name in a tar.
 * Throws `InvalidDigestError`; `UnsupportedDigestError` where it is well formed and of another algorithm than sha256.
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const shown = JSON.stringify(text.slice(0, shownCharacters));
  if (digestGrammar.test(text) && !text.startsWith("sha256:")) {
    throw new UnsupportedDigestError(`digest ${shown}: only sha256 is supported`);
  }
  throw new InvalidDigestError(`digest ${shown}: expected sha256: and 64 lower-case hex digits`);
}

/** The digest of bytes that are in memory. */
export function sha256Of(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The 64 hex digits, as names in archives and keys hold them. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

function isDigest(text: string): text is Digest {
  return sha256Grammar.test(text);
}
