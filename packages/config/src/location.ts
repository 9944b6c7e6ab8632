import { fileURLToPath } from "node:url";

import { InvalidRequestError } from "@layaway/errors";

/** Where a destination's URL points. */
export type Location =
  | {
      readonly kind: "s3" | "oss";
      readonly bucket: string;
      readonly prefix: string;
      readonly query: URLSearchParams;
    }
  | { readonly kind: "fs"; readonly directory: string; readonly query: URLSearchParams };

/** Parses `s3://bucket/prefix`, `oss://bucket/prefix`, `file:///dir`. Throws InvalidRequestError, which never repeats the URL. */
export function parseLocation(text: string): Location {
  if (!URL.canParse(text)) {
    throw new InvalidRequestError(
      "is not a URL (write s3://bucket/prefix, oss://bucket/prefix or file:///dir)",
    );
  }
  const url = new URL(text);
  if (url.username !== "" || url.password !== "")
    throw new InvalidRequestError("credentials must not stand in a URL");
  if (url.hash !== "") throw new InvalidRequestError("a destination's URL has no #fragment");
  if (url.protocol !== "file:" && hasDotSegment(text))
    throw new InvalidRequestError("the prefix has . or .. in it");
  const query = url.searchParams;
  switch (url.protocol) {
    case "s3:":
      return { kind: "s3", bucket: bucketOf(url), prefix: prefixOf(url), query };
    case "oss:":
      return { kind: "oss", bucket: bucketOf(url), prefix: prefixOf(url), query };
    case "file:":
      return { kind: "fs", directory: directoryOf(url), query };
    default:
      throw new InvalidRequestError(
        `${url.protocol}// is no kind of destination (s3://, oss:// and file:// are)`,
      );
  }
}

// The URL parser resolves them silently, so they are only seen in the text.
function hasDotSegment(text: string): boolean {
  const path = text
    .replace(/[?#].*$/su, "")
    .replaceAll(/%2e/giu, ".")
    .replaceAll(/%2f/giu, "/");
  return path.split("/").some((part) => part === "." || part === "..");
}

function bucketOf(url: URL): string {
  if (url.port !== "") throw new InvalidRequestError("a bucket has no port; name the server with ?endpoint=");
  // Stores differ in what they allow (Ceph takes capitals and underscores); this keeps out what could leave the name's place.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/u.test(url.hostname)) {
    throw new InvalidRequestError("the bucket's name is missing or not one a store would take");
  }
  return url.hostname;
}

function prefixOf(url: URL): string {
  const prefix = decoded(url.pathname).replace(/^\/+|\/+$/gu, "");
  const parts = prefix === "" ? [] : prefix.split("/");
  if (parts.includes("")) throw new InvalidRequestError("the prefix has an empty part in it");
  if (hasControlCharacters(prefix) || prefix.includes("\\")) {
    throw new InvalidRequestError("the prefix has a control character or a backslash in it");
  }
  // Keys end at 1023 bytes (OSS), and the archive's own name needs the better part of them.
  if (Buffer.byteLength(prefix) > 512) throw new InvalidRequestError("the prefix is longer than 512 bytes");
  return prefix;
}

function directoryOf(url: URL): string {
  if (url.hostname !== "") throw new InvalidRequestError("a directory's URL has three slashes: file:///dir");
  const path = decoded(url.pathname);
  if (hasControlCharacters(path))
    throw new InvalidRequestError("the directory has a control character in it");
  if (/%2f/iu.test(url.pathname)) throw new InvalidRequestError("the directory has an encoded slash in it");
  return fileURLToPath(new URL(url.pathname, "file:///"));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new InvalidRequestError("the path has a % that begins no encoded character");
  }
}

function hasControlCharacters(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return /[\u0000-\u001f\u007f]/u.test(text);
}
