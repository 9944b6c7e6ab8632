import type { Reference } from "@layaway/oci";
import {
  type FollowedResponse,
  type Outbound,
  type OutboundResponse,
  requestFollowing,
} from "@layaway/outbound";

import { answerFailure, type Subject } from "./answer-failure.ts";
import { type Authorizer, type Challenged, refused } from "./authorizer.ts";
import { parseChallenges } from "./challenges.ts";
import { DeniedError, SourceUnusableError } from "./errors.ts";
import { askAsGuest, type GuestAnswer } from "./guest.ts";
import type { PullAllowance } from "./pull-allowance.ts";
import { pullScope } from "./registry-url.ts";
import { type RetryPolicy, retrying } from "./retry.ts";
import { sourceFailure } from "./source-failure.ts";
import type { TokenClient } from "./token-request.ts";
import { type RegistryWarning, warningsOf } from "./warnings.ts";
import { watchSource } from "./watch-source.ts";

interface RegistryRequest {
  readonly reference: Reference;
  readonly subject: Subject;
  readonly method: "GET" | "HEAD";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Told of every attempt that the source failed at. */
  readonly onFailure?: (() => void) | undefined;
}

type Visit = (turnedAway: FollowedResponse, request: RegistryRequest) => Promise<GuestAnswer | undefined>;

/** Speaks with registries: authorized, patient with what passes, clear about what does not. */
export interface Exchange {
  /**
   * Hands an answer of 200 or 206 to `take`, its body unread; what `take` throws counts as a failure of the exchange.
   * Everything else becomes an error, after retries where they may help: `ManifestUnknownError`, `BlobUnknownError`, `UnauthorizedError`, `DeniedError`, `RateLimitedError`,
   * `SourceUnavailableError`, `SourceUnusableError`, `SourceTooSlowError`, `SizeMismatchError`, `AddressDeniedError`,
   * `CancelledError`.
   */
  send<T>(request: RegistryRequest, take: (answer: GuestAnswer) => Promise<T> | T): Promise<T>;
}

export function createExchange(options: {
  readonly outbound: Outbound;
  readonly authorizer: Authorizer;
  readonly tokenClientFor: (registry: string) => TokenClient;
  readonly pulls: PullAllowance;
  readonly retries: RetryPolicy;
  readonly wallClock: () => number;
  readonly onWarning: (warning: RegistryWarning) => void;
}): Exchange {
  const { outbound, authorizer, retries } = options;

  const sendOnce = async (request: RegistryRequest, visit: Visit): Promise<GuestAnswer> => {
    const { reference, signal, onFailure } = request;
    const watched = onFailure === undefined ? outbound : watchSource(outbound, onFailure);
    let authorization = await authorizer.authorization(reference, signal);
    for (let tried = 1; ; tried += 1) {
      const headers = { ...request.headers, ...(authorization === undefined ? {} : { authorization }) };
      const listen = options.pulls.listen(reference.registry);
      const followed = await requestFollowing(watched, { ...request, headers });
      const { response } = followed;
      const byRegistry = response.url.origin === request.url.origin;
      if (byRegistry && request.subject === "manifest") listen(response);
      for (const text of warningsOf(response)) options.onWarning({ registry: reference.registry, text });
      if (response.status === 200 || response.status === 206) return followed;
      if (response.status !== 401 || !byRegistry) {
        const failure = await failureOf(response, request, byRegistry);
        const answer = response.status === 401 ? await visit(followed, request) : undefined;
        if (answer !== undefined) return answer;
        // To HEAD it may only mean that there is no HEAD, and GET follows.
        throw failure instanceof DeniedError && request.method === "GET"
          ? authorizer.explained(reference, failure)
          : failure;
      }
      response.discard();
      if (tried === 2) throw authorizer.explained(reference, refused(reference));
      const challenged = await challengeOf(response, request);
      authorization = await authorizer.renewed(reference, authorization, challenged, signal);
    }
  };

  /** A manifest by GET is what registries count as a pull, each time. */
  const sendAdmitted = async (request: RegistryRequest, visit: Visit): Promise<GuestAnswer> => {
    if (request.subject !== "manifest" || request.method !== "GET") return sendOnce(request, visit);
    const settle = await options.pulls.admit(request.reference.registry, () => lookAt(request));
    try {
      const answer = await sendOnce(request, visit);
      settle("answered");
      return answer;
    } catch (error) {
      settle("failed");
      throw error;
    }
  };

  /** HEAD costs no pull, and tells how many are left. Where there is no HEAD, GET learns it. */
  const lookAt = async (request: RegistryRequest): Promise<void> => {
    try {
      const { response } = await sendOnce({ ...request, method: "HEAD" }, createVisit());
      response.discard();
    } catch (error) {
      if (!(error instanceof DeniedError) && !(error instanceof SourceUnusableError)) throw error;
    }
  };

  /** A place that turns us away is visited once: after that its next link is as good as this one. */
  const createVisit = (): Visit => {
    let isDone = false;
    return async (turnedAway, request) => {
      if (isDone) return undefined;
      isDone = true;
      const { reference } = request;
      const client = options.tokenClientFor(reference.registry);
      return askAsGuest(client, request, turnedAway, pullScope(reference));
    };
  };

  const failureOf = (
    response: OutboundResponse,
    request: RegistryRequest,
    byRegistry: boolean,
  ): Promise<Error> =>
    answerFailure(response, {
      subject: request.subject,
      method: request.method,
      byRegistry,
      wallClock: options.wallClock(),
      maxWaitMs: retries.maxWaitMs,
      reserve: options.tokenClientFor(request.reference.registry).reserve,
      signal: request.signal,
    });

  /** gcr.io once refused without a challenge; the one of `/v2/` serves then (containers/image `docker_client.go`). */
  const challengeOf = async (response: OutboundResponse, request: RegistryRequest): Promise<Challenged> => {
    const challenges = parseChallenges(response.headers("www-authenticate"));
    if (challenges.length > 0) return { egress: response.egress, challenges };
    const url = new URL("/v2/", request.url);
    const probe = await outbound.request({ method: "GET", url, signal: request.signal });
    probe.discard();
    return { egress: probe.egress, challenges: parseChallenges(probe.headers("www-authenticate")) };
  };

  return {
    send: (request, take) => {
      const visit = createVisit();
      return retrying(
        async () => {
          try {
            return await take(await sendAdmitted(request, visit));
          } catch (error) {
            throw sourceFailure(error);
          }
        },
        retries,
        request.signal,
      );
    },
  };
}
