import { type Egress, type Outbound, type OutboundResponse, requestFollowing } from "@layaway/outbound";
import { z } from "zod";

import { answerFailure } from "./answer-failure.ts";
import type { Reserve } from "./blob-reader.ts";
import type { Credentials } from "./credentials.ts";
import { SourceUnusableError } from "./errors.ts";
import { readBody } from "./read-body.ts";
import { type RetryPolicy, retrying } from "./retry.ts";
import { sourceFailure } from "./source-failure.ts";

/** What a Bearer challenge asks for, and with what. */
export interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** The class of the registry's own answer: who is not trusted cannot name a trusted place. */
  readonly egress: Egress | undefined;
}

export interface Token {
  readonly value: string;
  readonly lifetimeMs: number;
}

export interface TokenClient {
  readonly outbound: Outbound;
  readonly retries: RetryPolicy;
  readonly reserve: Reserve | undefined;
  readonly wallClock: () => number;
}

const clientId = "layaway";
/** Default and least value of `expires_in`: distribution `docs/content/spec/auth/token.md`. */
const leastLifetimeSeconds = 60;
/** containers/image `internal/iolimits/iolimits.go`. */
const maxTokenBytes = 1024 * 1024;
/** Token servers that have no POST form answer with one of these (containerd `authorizer.go`). */
const noPostForm = new Set([400, 401, 404, 405]);

const tokenAnswer = z.object({
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  // Some servers write `null`, or the number as text; without a lifetime the shortest one counts.
  expires_in: z.coerce.number().catch(0),
});

/**
 * Gets a token: by GET, with Basic where there is a password; an identity token needs the POST form, and GET only where the
 * server has none. `issued_at` is not looked at: a lifetime counts from receipt, whatever the server's clock says.
 */
export function requestToken(
  client: TokenClient,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<Token> {
  return retrying(
    async () => {
      try {
        const answer = await ask(client, request, signal);
        return parseToken(await readBody(answer, maxTokenBytes, client.reserve, signal), request);
      } catch (error) {
        throw sourceFailure(error);
      }
    },
    client.retries,
    signal,
  );
}

async function ask(
  client: TokenClient,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<OutboundResponse> {
  const { credentials } = request;
  if (credentials?.kind === "identityToken") {
    const answer = await post(client, request, credentials.token, signal);
    if (answer.status === 200) return answer;
    if (!noPostForm.has(answer.status)) throw await failure(client, "POST", answer, signal);
    answer.discard();
  }
  const answer = await get(client, request, signal);
  if (answer.status === 200) return answer;
  throw await failure(client, "GET", answer, signal);
}

/** Redirects are not followed: the form holds the secret itself. */
function post(
  client: TokenClient,
  request: TokenRequest,
  refreshToken: string,
  signal: AbortSignal,
): Promise<OutboundResponse> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    ...(request.service === undefined ? {} : { service: request.service }),
    client_id: clientId,
    scope: request.scopes.join(" "),
    refresh_token: refreshToken,
  });
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  return client.outbound.request({
    method: "POST",
    url: request.realm,
    headers,
    body: form.toString(),
    egress: request.egress,
    signal,
  });
}

async function get(
  client: TokenClient,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<OutboundResponse> {
  const { credentials } = request;
  const url = new URL(request.realm);
  if (request.service !== undefined) url.searchParams.set("service", request.service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  url.searchParams.set("client_id", clientId);
  if (credentials?.kind === "basic") url.searchParams.set("account", credentials.username);
  const authorization = credentials === undefined ? undefined : basicAuthorization(credentials);
  const headers = { accept: "application/json", ...(authorization === undefined ? {} : { authorization }) };
  const asked = { method: "GET", url, headers, egress: request.egress, signal };
  return (await requestFollowing(client.outbound, asked)).response;
}

/** An identity token goes under the user name that credential helpers mark it with. */
export function basicAuthorization(credentials: Credentials): string | undefined {
  switch (credentials.kind) {
    case "basic":
      return encodeBasic(credentials.username, credentials.password);
    case "identityToken":
      return encodeBasic("<token>", credentials.token);
    case "registryToken":
      return undefined;
  }
}

function encodeBasic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

async function failure(
  client: TokenClient,
  method: string,
  answer: OutboundResponse,
  signal: AbortSignal,
): Promise<Error> {
  return answerFailure(answer, {
    subject: "token",
    method,
    byRegistry: true,
    wallClock: client.wallClock(),
    maxWaitMs: client.retries.maxWaitMs,
    reserve: client.reserve,
    signal,
  });
}

function parseToken(bytes: Uint8Array, request: TokenRequest): Token {
  const where = `the token server at ${request.realm.host}`;
  const parsed = tokenAnswer.safeParse(parseJson(bytes));
  const value = parsed.data?.token || parsed.data?.access_token || undefined;
  // A token is put into a header: what breaks one is no token (RFC 6750, section 2.1).
  if (value === undefined || !/^[\w.~+/=:|-]+$/.test(value)) {
    throw new SourceUnusableError(`${where} answered without a token`);
  }
  const seconds = Math.max(leastLifetimeSeconds, parsed.data?.expires_in ?? 0);
  return { value, lifetimeMs: seconds * 1000 };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
