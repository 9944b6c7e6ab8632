import type { IncomingMessage, ServerResponse } from "node:http";

import { type AuthOptions, createAuthority } from "./authority.ts";
import { blobAnswer } from "./blob-answer.ts";
import type { Contents } from "./contents.ts";
import type { FaultScript } from "./faults.ts";
import { bytesAnswer, errorAnswer } from "./plain-answers.ts";
import type { RequestLog } from "./request-log.ts";
import { type Answer, sendAnswer } from "./send-answer.ts";

export interface CdnOptions {
  /** How many requests one signed link serves; any number unless given. */
  readonly requestsPerLink?: number;
  /** How long a signed link is taken, by the registry's clock. */
  readonly lifetimeMs?: number;
  /** The status of a refusal; 403 unless given. Its body is XML, as S3's. */
  readonly refusal?: number;
  /** Signed links need a token besides, which is to be had at `/token` there. */
  readonly auth?: AuthOptions;
}

export interface BlobName {
  readonly repository: string;
  readonly digest: string;
}

/**
 * The second origin. As S3 does, it refuses a request that carries both a signed link and an Authorization header; unless it
 * wants one, as a registry does that others redirect to.
 */
export interface Cdn {
  /** Path and query of a fresh signed link. */
  linkTo(blob: BlobName): string;
  expireLinks(): void;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

export function createCdn(
  options: CdnOptions,
  parts: {
    readonly contents: Contents;
    readonly script: FaultScript;
    readonly log: RequestLog;
    readonly now: () => number;
  },
): Cdn {
  const links = new Map<string, { blob: BlobName; expiresAt: number; left: number }>();
  const authority = options.auth === undefined ? undefined : createAuthority(options.auth, parts.now);
  let made = 0;

  const isTaken = (signature: string, request: IncomingMessage): boolean => {
    const link = links.get(signature);
    if (link === undefined || link.left === 0 || parts.now() >= link.expiresAt) return false;
    link.left -= 1;
    return authority !== undefined || request.headers.authorization === undefined;
  };

  const blobAnswerTo = (request: IncomingMessage, url: URL, ignoreRange: boolean): Answer => {
    const { authorization, host = "", range } = request.headers;
    const challenge = authority?.challenge({ authorization, host, scope: "" });
    if (challenge !== undefined) return errorAnswer(401, "UNAUTHORIZED", { "www-authenticate": challenge });
    const signature = url.searchParams.get("signature") ?? "";
    const link = links.get(signature);
    const blob = link && parts.contents.blob(link.blob.repository, link.blob.digest);
    return isTaken(signature, request) && blob !== undefined
      ? blobAnswer(blob, range, ignoreRange)
      : bytesAnswer(options.refusal ?? 403, Buffer.from("<Error><Code>AccessDenied</Code></Error>"));
  };

  return {
    linkTo(blob) {
      made += 1;
      links.set(String(made), {
        blob,
        expiresAt: parts.now() + (options.lifetimeMs ?? Number.POSITIVE_INFINITY),
        left: options.requestsPerLink ?? Number.POSITIVE_INFINITY,
      });
      return `/signed/${blob.digest.slice(-12)}?signature=${made}`;
    },
    expireLinks: () => links.clear(),
    handle(request, response) {
      const url = new URL(request.url ?? "/", "http://cdn");
      const kind = authority !== undefined && url.pathname === "/token" ? "token" : "cdn";
      const entry = parts.log.open(kind, request, response);
      const fault = parts.script.take({ kind, method: entry.method, path: entry.path });
      const { authorization } = request.headers;
      const answer =
        kind === "token" && authority !== undefined
          ? authority.tokenAnswer({ method: entry.method, authorization, fields: url.searchParams })
          : blobAnswerTo(request, url, fault.ignoreRange === true);
      void sendAnswer(request, response, answer, fault, entry);
    },
  };
}
