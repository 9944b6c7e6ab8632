import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Keys of an OSS account; with a security token they are temporary. */
export interface OssKeys {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

/** Why OSS would refuse a request. */
export interface OssRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface SignedRequest {
  readonly method: string;
  /** The path as it was sent, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

interface Claim {
  readonly credential: string;
  readonly signature: string;
  readonly additionalHeaders: readonly string[];
  readonly date: string;
  readonly securityToken: string | undefined;
  /** Of a signed URL: for how long it may be used, in seconds. */
  readonly expiresInSeconds: number | undefined;
}

/**
 * Checks an OSS V4 signature (OSS4-HMAC-SHA256), in the Authorization header or in the query, as the OSS API reference
 * has it under "Include signatures in the Authorization header" and "Include a V4 signature in a URL".
 * `region` is the region as it is signed: `cn-hangzhou`.
 */
export function checkOssSignature(
  request: SignedRequest,
  expected: { readonly keys: OssKeys; readonly region: string; readonly nowMs: number },
): OssRefusal | undefined {
  const claim = claimInHeader(request) ?? claimInQuery(request);
  if (claim === undefined) return denied("AccessDenied", "The request carries no V4 signature.");
  const { keys, region } = expected;
  const [accessKeyId, day = "", signedRegion, ...rest] = claim.credential.split("/");
  if (accessKeyId !== keys.accessKeyId) {
    return denied("InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist in our records.");
  }
  const scope = `${day}/${region}/oss/aliyun_v4_request`;
  if (`${day}/${signedRegion}/${rest.join("/")}` !== scope || !claim.date.startsWith(day)) {
    return { status: 400, code: "InvalidArgument", message: "Invalid signing region, product or date." };
  }
  const untimely = timeRefusal(claim, expected.nowMs);
  if (untimely !== undefined) return untimely;
  const signingKey = ["aliyun_v4_request", "oss", region, day].reduceRight(
    (key, text) => createHmac("sha256", key).update(text).digest(),
    Buffer.from(`aliyun_v4${keys.accessKeySecret}`),
  );
  const hashedRequest = createHash("sha256").update(canonicalRequest(request, claim)).digest("hex");
  const stringToSign = ["OSS4-HMAC-SHA256", claim.date, scope, hashedRequest].join("\n");
  const signature = createHmac("sha256", signingKey).update(stringToSign).digest("hex");
  const sent = Buffer.from(claim.signature);
  if (sent.length !== signature.length || !timingSafeEqual(sent, Buffer.from(signature))) {
    return denied("SignatureDoesNotMatch", "The request signature we calculated does not match yours.");
  }
  if (claim.securityToken !== keys.securityToken) {
    return denied("InvalidSecurityToken", "The security token you provided is invalid.");
  }
  return undefined;
}

function claimInHeader({ headers }: SignedRequest): Claim | undefined {
  const match = /^OSS4-HMAC-SHA256 (.+)$/u.exec(headers.authorization ?? "");
  if (match?.[1] === undefined) return undefined;
  const fields = new Map(match[1].split(",").map((field) => splitOnce(field.trim(), "=")));
  return {
    credential: fields.get("Credential") ?? "",
    signature: fields.get("Signature") ?? "",
    additionalHeaders: listed(fields.get("AdditionalHeaders")),
    date: textOf(headers["x-oss-date"]) ?? "",
    securityToken: textOf(headers["x-oss-security-token"]),
    expiresInSeconds: undefined,
  };
}

function claimInQuery({ query }: SignedRequest): Claim | undefined {
  if (query.get("x-oss-signature-version") !== "OSS4-HMAC-SHA256") return undefined;
  return {
    credential: query.get("x-oss-credential") ?? "",
    signature: query.get("x-oss-signature") ?? "",
    additionalHeaders: listed(query.get("x-oss-additional-headers") ?? undefined),
    date: query.get("x-oss-date") ?? "",
    securityToken: query.get("x-oss-security-token") ?? undefined,
    expiresInSeconds: Number(query.get("x-oss-expires") ?? Number.NaN),
  };
}

function timeRefusal(claim: Claim, nowMs: number): OssRefusal | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u.exec(claim.date)?.slice(1) ?? [];
  const [year, month, day, hour, minute, second] = parts;
  const signedAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(signedAtMs)) return denied("AccessDenied", "The request has no valid x-oss-date.");
  const ageSeconds = (nowMs - signedAtMs) / 1000;
  const { expiresInSeconds } = claim;
  if (expiresInSeconds === undefined) {
    return Math.abs(ageSeconds) > 15 * 60
      ? denied("RequestTimeTooSkewed", "The difference between the request time and now is too large.")
      : undefined;
  }
  if (!(expiresInSeconds >= 1 && expiresInSeconds <= 7 * 24 * 3600)) {
    const message = "x-oss-expires must be from 1 to 604800 seconds.";
    return { status: 400, code: "AuthorizationQueryParametersError", message };
  }
  return ageSeconds > expiresInSeconds ? denied("AccessDenied", "Request has expired.") : undefined;
}

function canonicalRequest(request: SignedRequest, { additionalHeaders }: Claim): string {
  const { method, path, query, headers } = request;
  const signedHeaders = Object.keys(headers).filter(
    (name) =>
      name === "content-type" ||
      name === "content-md5" ||
      name.startsWith("x-oss-") ||
      additionalHeaders.includes(name),
  );
  const headerLines = signedHeaders.sort().map((name) => `${name}:${(textOf(headers[name]) ?? "").trim()}\n`);
  // A parameter without a value stands without "="; sorted as bytes, after encoding.
  const parameters = [...query]
    .filter(([name]) => name !== "x-oss-signature")
    .map(([name, value]) => [strictlyEncoded(name), strictlyEncoded(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  return [
    method,
    strictlyEncoded(decodeURIComponent(path)).replaceAll("%2F", "/"),
    parameters.join("&"),
    headerLines.join(""),
    additionalHeaders.join(";"),
    textOf(headers["x-oss-content-sha256"]) ?? "UNSIGNED-PAYLOAD",
  ].join("\n");
}

/** Everything but unreserved characters (RFC 3986, section 2.3) as %XX; `encodeURIComponent` leaves five more. */
export function strictlyEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function denied(code: string, message: string): OssRefusal {
  return { status: 403, code, message };
}

function listed(text: string | undefined): readonly string[] {
  return text === undefined || text === "" ? [] : text.split(";");
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
