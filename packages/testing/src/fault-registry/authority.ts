import { randomUUID } from "node:crypto";

import { jsonAnswer } from "./plain-answers.ts";
import type { Answer } from "./send-answer.ts";

export interface AuthOptions {
  /** `token`: Bearer tokens from `/token` on the same host. */
  readonly kind: "basic" | "token";
  /** Passwords by user name; without any, tokens are for everybody. */
  readonly users?: Readonly<Record<string, string>>;
  /** Identity tokens that the POST form takes. */
  readonly identityTokens?: readonly string[];
  /** Sent as `expires_in` and kept to, by the registry's clock; absent = not sent, tokens live on. */
  readonly expiresInSeconds?: number;
  /** A token is taken for so many requests. */
  readonly requestsPerToken?: number;
  /** Where the challenge sends the client, instead of `/token` here. */
  readonly realm?: string;
  /** The name under which the challenge names `/token` here; the port stays. */
  readonly realmHost?: string;
  /** The POST form is answered with this status. */
  readonly postStatus?: number;
  /** The whole challenge, instead of the usual one. */
  readonly challenge?: string;
}

/** What a token request brought along. */
interface TokenRequest {
  readonly method: string;
  readonly authorization: string | undefined;
  /** Of the query, or of the form. */
  readonly fields: URLSearchParams;
}

export interface Authority {
  /** The challenge of a request that may not pass; `undefined` lets it pass. */
  challenge(request: {
    readonly authorization: string | undefined;
    readonly host: string;
    readonly scope: string;
  }): string | undefined;
  tokenAnswer(request: TokenRequest): Answer;
  revokeTokens(): void;
}

export function createAuthority(options: AuthOptions, now: () => number): Authority {
  const users = options.users ?? {};
  const tokens = new Map<string, { scope: string; expiresAt: number; left: number }>();

  const isUser = (authorization: string | undefined): boolean => {
    const [user = "", password] = basicCredentials(authorization);
    return password !== undefined && Object.hasOwn(users, user) && users[user] === password;
  };

  const passes = (authorization: string | undefined, scope: string): boolean => {
    if (options.kind === "basic") return isUser(authorization);
    const token = tokens.get(authorization?.replace(/^Bearer /, "") ?? "");
    if (token === undefined || token.left === 0 || now() >= token.expiresAt) return false;
    token.left -= 1;
    return scope === "" || token.scope.split(" ").includes(scope);
  };

  const mayHaveToken = (request: TokenRequest): boolean => {
    if (request.method === "POST") {
      const { fields } = request;
      if (fields.get("grant_type") === "refresh_token") {
        return (options.identityTokens ?? []).includes(fields.get("refresh_token") ?? "");
      }
      return users[fields.get("username") ?? ""] === fields.get("password");
    }
    return Object.keys(users).length === 0 || isUser(request.authorization);
  };

  return {
    challenge({ authorization, host, scope }) {
      if (passes(authorization, scope)) return undefined;
      if (options.challenge !== undefined) return options.challenge;
      if (options.kind === "basic") return 'Basic realm="fault registry"';
      const named = options.realmHost === undefined ? host : host.replace(/^[^:]+/, options.realmHost);
      const realm = options.realm ?? `http://${named}/token`;
      return `Bearer realm="${realm}",service="fault-registry"${scope === "" ? "" : `,scope="${scope}"`}`;
    },
    tokenAnswer(request) {
      if (request.method === "POST" && options.postStatus !== undefined)
        return jsonAnswer(options.postStatus, {});
      if (!mayHaveToken(request)) return jsonAnswer(401, { errors: [{ code: "UNAUTHORIZED" }] });
      const token = randomUUID();
      const { expiresInSeconds } = options;
      tokens.set(token, {
        scope: request.fields.getAll("scope").join(" "),
        expiresAt: now() + (expiresInSeconds ?? Number.POSITIVE_INFINITY) * 1000,
        left: options.requestsPerToken ?? Number.POSITIVE_INFINITY,
      });
      return jsonAnswer(200, {
        [request.method === "POST" ? "access_token" : "token"]: token,
        ...(expiresInSeconds === undefined ? {} : { expires_in: expiresInSeconds }),
      });
    },
    revokeTokens: () => tokens.clear(),
  };
}

function basicCredentials(authorization: string | undefined): readonly string[] {
  const encoded = /^Basic (.+)$/.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return [];
  const text = Buffer.from(encoded, "base64").toString();
  const colon = text.indexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1)];
}
