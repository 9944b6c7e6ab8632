import { createHash, timingSafeEqual } from "node:crypto";

import { HttpError } from "./http-error.ts";

/** Whom an `Authorization` header belongs to: throws a 401 where it belongs to nobody. */
export type Authenticate = (authorization: string | undefined) => { readonly requester?: string };

/**
 * Checks bearer tokens (RFC 6750). Every token is compared, by its SHA-256 and in constant time, so that an answer's
 * time tells nothing about how much of a guess was right. Without tokens everybody is let in, as nobody in particular.
 */
export function createAuthenticate(tokens: readonly string[]): Authenticate {
  if (tokens.length === 0) return () => ({});
  const known = tokens.map((token) => sha256(token));
  return (authorization) => {
    const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? "")?.[1];
    const digest = sha256(given ?? "");
    const matches = known.filter((candidate) => timingSafeEqual(candidate, digest));
    const match = given === undefined ? undefined : matches[0];
    if (match === undefined) throw refusal(authorization === undefined);
    // Enough of the digest to tell tokens apart in records, far too little to find one.
    return { requester: `token-${match.toString("hex").slice(0, 8)}` };
  };
}

function refusal(isMissing: boolean): HttpError {
  const challenge = isMissing ? 'Bearer realm="layaway"' : 'Bearer realm="layaway", error="invalid_token"';
  const message = isMissing
    ? "an API token is needed: Authorization: Bearer ..."
    : "the API token is not known";
  return new HttpError(401, "unauthorized", message, { headers: { "www-authenticate": challenge } });
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
