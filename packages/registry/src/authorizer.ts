import type { Reference } from "@layaway/oci";
import type { Egress } from "@layaway/outbound";

import { type BoughtToken, buyToken, type RefusedCredentials, type TokenOffer } from "./buy-token.ts";
import type { Challenge } from "./challenges.ts";
import type { Credentials } from "./credentials.ts";
import { SourceUnusableError, UnauthorizedError } from "./errors.ts";
import { createSingleFlight, type SingleFlight } from "./single-flight.ts";
import { basicAuthorization, type TokenClient } from "./token-request.ts";

/** How a registry asked for credentials, and how far that answer is trusted. */
export interface Challenged {
  readonly egress: Egress | undefined;
  readonly challenges: readonly Challenge[];
}

/** Knows what to write into `Authorization` for a repository. */
export interface Authorizer {
  /** The header's value for a next request; `undefined` = none, as far as is known. */
  authorization(reference: Reference, signal: AbortSignal): Promise<string | undefined>;
  /**
   * After a 401 to `used`: the value to try instead. Throws UnauthorizedError where there is no other, and what the token
   * server's answer stands for.
   */
  renewed(
    reference: Reference,
    used: string | undefined,
    challenged: Challenged,
    signal: AbortSignal,
  ): Promise<string>;
  /** A registry's refusal of the value last given, as one that says why that value could not do more. */
  explained(reference: Reference, error: unknown): unknown;
}

/** Refreshed when a tenth of the lifetime is left, so that a token does not run out on the way. */
const usedLifetime = 0.9;

interface Grant {
  readonly authorization: string;
  readonly expiresAt: number;
  readonly refused?: RefusedCredentials | undefined;
  readonly explain?: BoughtToken["explain"];
}

/**
 * Tokens are kept for each repository and asked for once, however many requests wait for one; their lifetimes are counted on
 * a monotonic clock. Credentials are looked up anew each time, by the registry's host: they may be short-lived too.
 */
export function createAuthorizer(options: {
  readonly tokenClientFor: (registry: string) => TokenClient;
  readonly credentialsFor: (reference: Reference) => Promise<Credentials | undefined>;
  readonly urlOf: (reference: Reference) => URL;
  readonly realmHostsFor: (registry: string) => readonly string[] | undefined;
  /** Told when a repository's credentials were refused and an anonymous token was given. */
  readonly onRefused: (reference: Reference) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}): Authorizer {
  const grants = new Map<string, Grant>();
  const flights = new Map<string, SingleFlight<Grant | undefined>>();
  /** How a registry wants to be asked: by its last challenge. */
  const challenges = new Map<string, Challenged>();

  const grantFor = (reference: Reference, signal: AbortSignal): Promise<Grant | undefined> => {
    const key = keyOf(reference);
    const flight =
      flights.get(key) ??
      createSingleFlight(async (flightSignal) => {
        const grant = await obtain(reference, flightSignal);
        if (grant !== undefined) grants.set(key, grant);
        return grant;
      });
    flights.set(key, flight);
    return flight.join(signal);
  };

  /** `undefined`: Basic is wanted, and there is nothing to send. */
  const obtain = async (reference: Reference, signal: AbortSignal): Promise<Grant | undefined> => {
    const challenged = challenges.get(reference.registry);
    const credentials = await options.credentialsFor(reference);
    const bearer = challenged?.challenges.find(({ scheme }) => scheme === "bearer");
    if (challenged !== undefined && bearer !== undefined) {
      if (credentials?.kind === "registryToken") return lasting(`Bearer ${credentials.token}`);
      return bought({ ...offerOf(reference), bearer, egress: challenged.egress, credentials }, signal);
    }
    if (challenged?.challenges.some(({ scheme }) => scheme === "basic") !== true) {
      throw new SourceUnusableError(`${reference.registry} asks for credentials in no way we know`);
    }
    const authorization = credentials === undefined ? undefined : basicAuthorization(credentials);
    return authorization === undefined ? undefined : lasting(authorization);
  };

  const offerOf = (reference: Reference): Omit<TokenOffer, "bearer" | "egress" | "credentials"> => ({
    reference,
    registryUrl: options.urlOf(reference),
    realmHosts: options.realmHostsFor(reference.registry),
    // Still known where a token merely ran out; one that was refused takes this with it, and credentials get another chance.
    refused: grants.get(keyOf(reference))?.refused,
  });

  const bought = async (offer: TokenOffer, signal: AbortSignal): Promise<Grant> => {
    const askedAt = options.now();
    const client = options.tokenClientFor(offer.reference.registry);
    const { token, ...how } = await buyToken(client, offer, signal);
    if (how.refused !== undefined && how.refused !== offer.refused) options.onRefused(offer.reference);
    return {
      authorization: `Bearer ${token.value}`,
      expiresAt: askedAt + token.lifetimeMs * usedLifetime,
      ...how,
    };
  };

  return {
    async authorization(reference, signal) {
      const grant = grants.get(keyOf(reference));
      if (grant !== undefined && options.now() < grant.expiresAt) return grant.authorization;
      // Another repository of a known registry: the way is known, a refusal on the way is not needed.
      return challenges.has(reference.registry)
        ? (await grantFor(reference, signal))?.authorization
        : undefined;
    },
    async renewed(reference, used, challenged, signal) {
      challenges.set(reference.registry, challenged);
      const grant = grants.get(keyOf(reference));
      if (grant !== undefined && grant.authorization !== used) return grant.authorization;
      grants.delete(keyOf(reference));
      const renewal = await grantFor(reference, signal);
      if (renewal === undefined) throw noCredentials(reference);
      if (renewal.authorization === used) throw refused(reference);
      return renewal.authorization;
    },
    explained(reference, error) {
      return grants.get(keyOf(reference))?.explain?.(error) ?? error;
    },
  };
}

function lasting(authorization: string): Grant {
  return { authorization, expiresAt: Number.POSITIVE_INFINITY };
}

/** The answer to a second 401: a third try would only help to lock the account. */
export function refused(reference: Reference): UnauthorizedError {
  return new UnauthorizedError(
    `${reference.registry} refuses to show ${reference.repository}: it does not exist, or it needs other credentials`,
  );
}

function noCredentials(reference: Reference): UnauthorizedError {
  return new UnauthorizedError(`${reference.registry} asks for credentials, and there are none for it`);
}

function keyOf(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}
