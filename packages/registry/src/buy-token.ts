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
}

export interface BoughtToken {
  readonly token: Token;
  /** Why this token may do less than the credentials could; the reason to name where the registry refuses it. */
  readonly lessBecause: string | undefined;
}

/** Gets a token from the server that a registry names; anonymously where that server may not see the credentials. */
export async function buyToken(
  client: TokenClient,
  offer: TokenOffer,
  signal: AbortSignal,
): Promise<BoughtToken> {
  const { reference, registryUrl, bearer, realmHosts } = offer;
  const realm = parseRealm(bearer.parameters.get("realm"), registryUrl);
  const isTrusted = takesCredentials(realm, {
    name: reference.registry,
    url: registryUrl,
    pinned: realmHosts,
  });
  const credentials = isTrusted ? offer.credentials : undefined;
  const lessBecause = credentials === offer.credentials ? undefined : withheld(realm, reference);
  const request = {
    realm,
    service: bearer.parameters.get("service"),
    scopes: scopesOf(reference, bearer),
    credentials,
    egress: offer.egress === "influenced" ? offer.egress : undefined,
  };
  try {
    return { token: await requestToken(client, request, signal), lessBecause };
  } catch (error) {
    throw refusal(reference, lessBecause ?? whyRefused(credentials), error);
  }
}

function withheld(realm: URL, { registry }: Reference): string {
  return `credentials were not sent to ${realm.host}, because it is not in realmHosts of ${registry}`;
}

function whyRefused(credentials: Credentials | undefined): string {
  return credentials === undefined
    ? "it asks for credentials, and there are none"
    : "the credentials are refused";
}

/**
 * A refusal that names what the user asked for, and why; all other errors stay as they are. The token server's own URL says
 * that only in its query, which is never shown.
 */
export function refusal(reference: Reference, why: string, error: unknown): unknown {
  const message = `${reference.registry}/${reference.repository} may not be read: ${why}`;
  if (error instanceof UnauthorizedError) return new UnauthorizedError(message, { cause: error });
  // GHCR's answer to a personal access token that has run out, for public images too (oras#1161).
  return error instanceof DeniedError ? new DeniedError(message, { cause: error }) : error;
}

/** What we need stands first: some registries look at the first scope only (go-containerregistry `bearer.go`). */
function scopesOf(reference: Reference, bearer: Challenge): readonly string[] {
  const own = pullScope(reference);
  const asked = (bearer.parameters.get("scope") ?? "").split(" ");
  const needed = asked.filter((scope) => scope.startsWith(`repository:${reference.repository}:`));
  return needed.length > 0 ? needed : [own];
}
