import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

import type { Authority } from "./authority.ts";
import { blobAnswer } from "./blob-answer.ts";
import type { BlobName } from "./cdn.ts";
import { type Contents, digestOf } from "./contents.ts";
import type { FaultScript, Misbehaviour } from "./faults.ts";
import { bytesAnswer, errorAnswer, jsonAnswer } from "./plain-answers.ts";
import type { PullLimit } from "./pull-limit.ts";
import type { RequestLog } from "./request-log.ts";
import { type Route, routeOf } from "./routes.ts";
import { type Answer, sendAnswer } from "./send-answer.ts";
import { tagsAnswer } from "./tags-answer.ts";

interface DispatcherParts {
  readonly contents: Contents;
  readonly script: FaultScript;
  readonly log: RequestLog;
  readonly authority: Authority | undefined;
  /** A signed link for a blob; `undefined` where the registry serves blobs itself. */
  readonly linkTo: ((blob: BlobName) => string) | undefined;
  readonly tagsPerPage: number;
  readonly pullLimit: PullLimit | undefined;
}

/** Answers the registry's requests: route, right to read, content, each bent by the fault that is due. */
export function createDispatcher(
  parts: DispatcherParts,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const url = new URL(request.url ?? "/", "http://registry");
    const route = routeOf(url);
    const entry = parts.log.open(route.kind, request, response);
    const fault = parts.script.take({ kind: route.kind, method: entry.method, path: entry.path });
    const answered = answerOf(parts, request, url, route, fault);
    void answered.then((answer) => sendAnswer(request, response, answer, fault, entry));
  };
}

async function answerOf(
  parts: DispatcherParts,
  request: IncomingMessage,
  url: URL,
  route: Route,
  fault: Misbehaviour,
): Promise<Answer> {
  const { authorization, host = "" } = request.headers;
  if (route.kind === "token") {
    const method = request.method ?? "";
    const fields = method === "POST" ? new URLSearchParams(await text(request)) : url.searchParams;
    return parts.authority?.tokenAnswer({ method, authorization, fields }) ?? errorAnswer(404, "UNSUPPORTED");
  }
  const scope = route.kind === "ping" ? "" : `repository:${route.repository}:pull`;
  const challenge = parts.authority?.challenge({ authorization, host, scope });
  if (challenge !== undefined) {
    return errorAnswer(401, "UNAUTHORIZED", challenge === "" ? {} : { "www-authenticate": challenge });
  }
  const answer = contentAnswer(parts, request.headers.range, url, route, fault);
  return route.kind === "manifest" && answer.status === 200
    ? (parts.pullLimit?.counted(request.method ?? "", answer) ?? answer)
    : answer;
}

function contentAnswer(
  parts: DispatcherParts,
  range: string | undefined,
  url: URL,
  route: Exclude<Route, { readonly kind: "token" }>,
  fault: Misbehaviour,
): Answer {
  if (route.kind === "ping") return jsonAnswer(200, {});
  if (route.kind === "tags") return tagsAnswer(parts.contents.tags(route.repository), url, parts.tagsPerPage);
  if (route.kind === "manifest") {
    const manifest = parts.contents.manifest(route.repository, route.reference);
    if (manifest === undefined) return errorAnswer(404, "MANIFEST_UNKNOWN");
    const digest = digestOf(manifest.bytes);
    return bytesAnswer(200, manifest.bytes, {
      "content-type": manifest.mediaType,
      "docker-content-digest": digest,
    });
  }
  const blob = parts.contents.blob(route.repository, route.digest);
  if (blob === undefined) return errorAnswer(404, "BLOB_UNKNOWN");
  if (parts.linkTo !== undefined) {
    return bytesAnswer(307, Buffer.alloc(0), { location: parts.linkTo(route) });
  }
  return blobAnswer(blob, range, fault.ignoreRange === true);
}
