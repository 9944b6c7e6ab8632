import { isDeepStrictEqual } from "node:util";

import { CancelledError } from "@layaway/errors";
import type { Reference } from "@layaway/oci";
import type { Egress } from "@layaway/outbound";

import type { Challenge } from "./challenges.ts";
import type { Credentials } from "./credentials.ts";
import { DeniedError, UnauthorizedError } from "./errors.ts";
import { parseRealm } from "./realm.ts";
import { takesCredentials } from "./realm-hosts.ts";
import { pullScope } from "./registry-url.ts";
import { requestToken, type Token, type TokenClient } from "./token-request.ts";

/** What a registry asks a token for, and what we have to show. */
export interface TokenOffer {
  readonly reference: Reference;
  readonly registryUrl: URL;
  readonly bearer: Challenge;
  /** The class of the registry's own answer. */
  readonly egress: Egress | undefined;
  readonly credentials: Credentials | undefined;
  /** Hosts that may see the credentials besides the registry's own; absent: those below the same owned name. */
  readonly realmHosts: readonly string[] | undefined;
  /** What the token server refused before. */
  readonly refused: RefusedCredentials | undefined;
}

/** Credentials that a token server would not take, and what it said. */
export interface RefusedCredentials {
  readonly credentials: Credentials;
  readonly error: unknown;
}

export interface BoughtToken {
  readonly token: Token;
  /** Refused on the way: the token is an anonymous one. */
  readonly refused?: RefusedCredentials;
  /** What to throw where the registry refuses this token. */
  readonly explain: (error: unknown) => unknown;
}

/**
 * Gets a token from the server that a registry names. Anonymously where that server may not see the credentials, and once more
 * where it refuses them: GHCR answers 403 to a personal access token that has run out, for public images too (oras#1161).
 * Credentials that are known to be refused are not shown again: accounts get locked by that.
 */
export async function buyToken(
  client: TokenClient,
  offer: TokenOffer,
  signal: AbortSignal,
): Promise<BoughtToken> {
  const { reference, registryUrl, bearer, realmHosts } = offer;
  const realm = parseRealm(bearer.parameters.get("realm"), registryUrl);
  const request = {
    realm,
    service: bearer.parameters.get("service"),
    scopes: scopesOf(reference, bearer),
    egress: offer.egress === "influenced" ? offer.egress : undefined,
  };
  const ask = async (credentials: Credentials | undefined, ifRefused: string): Promise<Token> => {
    try {
      return await requestToken(client, { ...request, credentials }, signal);
    } catch (error) {
      throw refusal(reference, ifRefused, error);
    }
  };

  const { credentials } = offer;
  if (credentials === undefined) {
    return { token: await ask(undefined, "it asks for credentials, and there are none"), explain: unchanged };
  }
  if (!takesCredentials(realm, { name: reference.registry, url: registryUrl, pinned: realmHosts })) {
    const why = withheld(realm, reference);
    return { token: await ask(undefined, why), explain: (error) => refusal(reference, why, error) };
  }
  let { refused } = offer;
  if (refused === undefined || !isDeepStrictEqual(refused.credentials, credentials)) {
    try {
      return { token: await ask(credentials, "the credentials are refused"), explain: unchanged };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused = { credentials, error };
    }
  }
  const first = refused.error;
  const explain = (error: unknown): unknown => (error instanceof CancelledError ? error : first);
  try {
    return { token: await ask(undefined, ""), refused, explain };
  } catch (error) {
    throw explain(error);
  }
}

function unchanged(error: unknown): unknown {
  return error;
}

function withheld(realm: URL, { registry }: Reference): string {
  return `credentials were not sent to ${realm.host}, because it is not in realmHosts of ${registry}`;
}

/**
 * A refusal that names what the user asked for, and why; all other errors stay as they are. The token server's own URL says
 * that only in its query, which is never shown.
 */
function refusal(reference: Reference, why: string, error: unknown): unknown {
  const message = `${reference.registry}/${reference.repository} may not be read: ${why}`;
  if (error instanceof UnauthorizedError) return new UnauthorizedError(message, { cause: error });
  return error instanceof DeniedError ? new DeniedError(message, { cause: error }) : error;
}

function isRefusal(error: unknown): boolean {
  return error instanceof UnauthorizedError || error instanceof DeniedError;
}

/** What we need stands first: some registries look at the first scope only (go-containerregistry `bearer.go`). */
function scopesOf(reference: Reference, bearer: Challenge): readonly string[] {
  const own = pullScope(reference);
  const asked = (bearer.parameters.get("scope") ?? "").split(" ");
  const needed = asked.filter((scope) => scope.startsWith(`repository:${reference.repository}:`));
  return needed.length > 0 ? needed : [own];
}
