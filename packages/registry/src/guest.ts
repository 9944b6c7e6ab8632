import { CancelledError, LayawayError } from "@layaway/errors";
import { type FollowedResponse, type OutboundRequest, requestFollowing } from "@layaway/outbound";

import { parseChallenges } from "./challenges.ts";
import { parseRealm } from "./realm.ts";
import { sourceFailure } from "./source-failure.ts";
import { requestToken, type TokenClient } from "./token-request.ts";

/** An answer, and the `Authorization` that the place it came from was shown, if it wanted one. */
export interface GuestAnswer extends FollowedResponse {
  readonly authorization?: string;
}

/**
 * Asks the place a registry sent us to once more, with an anonymous token of the token server that the place names: it is a
 * registry itself then, in front of somebody else's (go-containerregistry `bearer.go`). It never sees credentials, they are
 * for the registry alone. `undefined` where that does not help; throws CancelledError only.
 *
 * `scope` is asked for where the challenge names none.
 */
export async function askAsGuest(
  client: TokenClient,
  request: OutboundRequest & { readonly signal: AbortSignal },
  turnedAway: FollowedResponse,
  scope: string,
): Promise<GuestAnswer | undefined> {
  const { response, redirects } = turnedAway;
  const challenges = parseChallenges(response.headers("www-authenticate"));
  const parameters = challenges.find(({ scheme }) => scheme === "bearer")?.parameters;
  const url = redirects.at(-1);
  if (parameters === undefined || url === undefined) return undefined;
  const egress = response.egress === "influenced" ? response.egress : undefined;
  try {
    const asked = {
      realm: parseRealm(parameters.get("realm"), url),
      service: parameters.get("service"),
      scopes: (parameters.get("scope") ?? scope).split(" "),
      credentials: undefined,
      egress,
    };
    const authorization = `Bearer ${(await requestToken(client, asked, request.signal)).value}`;
    const headers = { ...request.headers, authorization };
    const followed = await requestFollowing(client.outbound, { ...request, url, headers, egress });
    if (followed.response.status !== 200 && followed.response.status !== 206) {
      followed.response.discard();
      return undefined;
    }
    const last = followed.redirects.at(-1) ?? url;
    const answer = { response: followed.response, redirects: [...redirects, ...followed.redirects] };
    return last.origin === url.origin ? { ...answer, authorization } : answer;
  } catch (error) {
    const failure = sourceFailure(error);
    if (!(failure instanceof LayawayError) || failure instanceof CancelledError) throw failure;
    return undefined;
  }
}
