import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** A request whose signature was checked. */
export interface OssRequest {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** Those of these parameters that the request has. */
export function queryOf(request: OssRequest, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = request.query.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
  );
}

/** The headers of a request in S3's names. */
export function s3Headers(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string") continue;
    if (name.startsWith("x-oss-meta-")) passed[name.replace("x-oss-", "x-amz-")] = value;
    else if (["content-type", "content-md5", "content-disposition", "range"].includes(name))
      passed[name] = value;
    else if (name === "if-match" || name === "if-none-match") passed[name] = value.toLowerCase();
  }
  return passed;
}
