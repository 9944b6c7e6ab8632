import { InvalidRequestError } from "@layaway/errors";
import {
  archivedDigest,
  type Digest,
  formatPlatform,
  hexOf,
  type Platform,
  type Reference,
  type ResolvedImage,
} from "@layaway/oci";

/** What a key is made of: a resolved image, or as much of one as is known. */
export type ArchiveIdentity =
  | ResolvedImage
  | {
      readonly reference: Reference;
      readonly digest: Digest;
      readonly platform?: Platform | "all";
    };

const defaultTemplate = "{registry}/{repository}/{tag}@sha256-{hex}.tar";
/** OSS allows 1023 bytes, S3 1024: threats page, section 4. */
const longestKeyBytes = 1023;
/** Where requests, receipts and blob hints stand. */
const ledgerFolder = ".layaway";

/**
 * An archive's object key, below the destination's prefix. The reference is the name that the archive has after
 * `docker load`, because that name is part of its bytes. Placeholders of a template: `{registry}`, `{repository}`,
 * `{tag}`, `{digest}` (`sha256-<hex>`), `{hex}`, `{platform}` (`linux-amd64`, `all`). Where there is no tag, `{tag}@` falls
 * away, and any other `{tag}` becomes the digest. Colons and brackets of a registry's address become `_`.
 *
 * Throws `InvalidRequestError` where the template cannot make a safe key.
 */
export function archiveKey(identity: ArchiveIdentity, template: string = defaultTemplate): string {
  const { registry, repository, tag } = identity.reference;
  const digest = "digest" in identity ? identity.digest : archivedDigest(identity);
  const hex = hexOf(digest);
  const values = new Map<string, string | undefined>([
    ["registry", registry.replace(/[:[\]]/g, "_")],
    ["repository", repository],
    ["tag", tag ?? `sha256-${hex}`],
    ["digest", `sha256-${hex}`],
    ["hex", hex],
    ["platform", platformOf(identity)],
  ]);
  const pattern = tag === undefined ? template.replaceAll("{tag}@", "") : template;
  const key = pattern.replace(/\{([^{}]*)\}/g, (placeholder, name: string) => {
    const value = values.get(name);
    if (value !== undefined) return value;
    const why = values.has(name) ? "is not known here" : `is none of ${[...values.keys()].join(", ")}`;
    throw new InvalidRequestError(`key template: ${JSON.stringify(placeholder.slice(0, 50))} ${why}`);
  });
  return checkArchiveKey(key);
}

/**
 * Returns a key that every store takes and that stays below its prefix: at most 1023 bytes of printable ASCII, no empty,
 * `.` or `..` segments, no backslash, nothing in Layaway's own folder. Throws `InvalidRequestError`.
 */
export function checkArchiveKey(key: string): string {
  const refuse = (why: string): InvalidRequestError =>
    new InvalidRequestError(`key ${JSON.stringify(key.slice(0, 200))}: ${why}`);
  if (Buffer.byteLength(key) > longestKeyBytes) throw refuse(`it is longer than ${longestKeyBytes} bytes`);
  if (!/^[\x21-\x7e]*$/.test(key) || /[\\{}]/.test(key)) {
    throw refuse("only printable ASCII without spaces, backslashes and braces is allowed");
  }
  const segments = key.split("/");
  if (segments.some((segment) => segment === "")) throw refuse("it has an empty segment");
  if (segments.some((segment) => segment === "." || segment === ".."))
    throw refuse("'.' and '..' are not allowed");
  if (segments[0] === ledgerFolder) throw refuse(`${ledgerFolder}/ is reserved`);
  return key;
}

function platformOf(identity: ArchiveIdentity): string | undefined {
  const platform =
    "primary" in identity
      ? identity.indexes.length > 0
        ? "all"
        : identity.primary.platform
      : identity.platform;
  if (platform === undefined || platform === "all") return platform;
  return formatPlatform(platform).replace(/[^\w.-]+/g, "-");
}
