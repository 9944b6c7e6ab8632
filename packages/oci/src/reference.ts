import { type Digest, parseDigest } from "./digest.ts";
import { InvalidReferenceError } from "./errors.ts";

/** A parsed image reference, normalised as docker does: `nginx` is `docker.io/library/nginx:latest`. */
export interface Reference {
  /** Host and port as users write it, in lower case; `docker.io` for Docker Hub. */
  readonly registry: string;
  readonly repository: string;
  /** Absent where only a digest was given. */
  readonly tag?: string;
  /** When given it decides; the tag is then only a name. */
  readonly digest?: Digest;
}

const dockerHub = "docker.io";
const dockerHubAliases = new Set([dockerHub, "index.docker.io", "registry-1.docker.io"]);

/** distribution-spec `spec.md`, "Pulling manifests"; the length counts the host, as distribution does. */
const repositoryGrammar =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const longestName = 255;
const tagGrammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** distribution/reference `regexp.go`, "domainAndPort". */
const registryGrammar =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[a-f0-9:]+\])(?::([0-9]{1,5}))?$/;
/** Longer than the longest name, tag and digest together. */
const longestReference = 1024;
const imageId = /^[a-f0-9]{64}$/;

/**
 * Reads a reference as docker does (distribution/reference `normalize.go`); `docker://` in front is allowed, as skopeo
 * writes it. Without tag and digest the tag is `latest`. Throws `InvalidReferenceError`.
 *
 * Two deviations: a registry's name is put into lower case, so that policies and keys see one spelling; and a first
 * component with upper-case letters and neither dot nor port is refused instead of being taken for a host, because it
 * nearly always is a repository that was misspelt.
 */
export function parseReference(text: string): Reference {
  const refuse: Refuse = (why) => new InvalidReferenceError(`reference ${shown(text)}: ${why}`);

  const bare = text.startsWith("docker://") ? text.slice("docker://".length) : text;
  if (bare === "") throw refuse("it is empty");
  if (bare.length > longestReference) throw refuse(`it is longer than ${longestReference} characters`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(bare)) throw refuse("leave out the scheme; write host/repository:tag");
  if (imageId.test(bare)) throw refuse("64 hex digits are an image id, not a repository");

  const at = bare.indexOf("@");
  const digest = at === -1 ? undefined : digestOf(bare.slice(at + 1), refuse);
  const { name, tag } = splitTag(at === -1 ? bare : bare.slice(0, at));
  const { registry, repository } = splitRegistry(name);

  const port = registryGrammar.exec(registry)?.[1];
  if (!registryGrammar.test(registry)) throw refuse("the registry is no host name");
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535))
    throw refuse("the port is out of range");
  if (repository === "") throw refuse("the repository is missing");
  if (repository !== repository.toLowerCase()) throw refuse("the repository must be lower case");
  if (!repositoryGrammar.test(repository))
    throw refuse("the repository has characters or separators it may not have");
  if (registry.length + 1 + repository.length > longestName) {
    throw refuse(`registry and repository are longer than ${longestName} characters`);
  }
  if (tag !== undefined && !tagGrammar.test(tag)) {
    throw refuse(
      "the tag must be at most 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'",
    );
  }

  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: "latest" } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The full form: `docker.io/library/nginx:1.27@sha256:...`. `parseReference` reads it back. */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffixOf(reference)}`;
}

/** The short form that docker shows: `nginx:1.27`. Stays full where the short form would be read as something else. */
export function familiarName(reference: Reference): string {
  const { registry, repository } = reference;
  if (registry !== dockerHub) return formatReference(reference);
  const official = /^library\/([^/]+)$/.exec(repository)?.[1];
  const short = official ?? repository;
  const [first = "", ...rest] = short.split("/");
  const readBack =
    official === undefined ? rest.length > 0 && !looksLikeRegistry(first) : !imageId.test(short);
  return readBack ? `${short}${suffixOf(reference)}` : formatReference(reference);
}

function suffixOf({ tag, digest }: Reference): string {
  return `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

type Refuse = (why: string) => InvalidReferenceError;

function digestOf(text: string, refuse: Refuse): Digest {
  try {
    return parseDigest(text);
  } catch {
    // Its message shows the text, in which a password may stand: it is not kept as the cause.
    const isDigestLike = otherDigest.exec(`@${text}`)?.index === 0;
    throw refuse(
      isDigestLike
        ? "only sha256 digests are supported, as sha256: and 64 lower-case hex digits"
        : "what follows '@' is no digest",
    );
  }
}

/** A colon after the last slash begins a tag; any earlier one begins a port. */
function splitTag(text: string): { name: string; tag: string | undefined } {
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  return colon === -1
    ? { name: text, tag: undefined }
    : { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function splitRegistry(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = slash === -1 ? "" : name.slice(0, slash).toLowerCase();
  if (!looksLikeRegistry(first)) return hubRepository(name);
  const rest = name.slice(slash + 1);
  return dockerHubAliases.has(first) ? hubRepository(rest) : { registry: first, repository: rest };
}

function hubRepository(name: string): { registry: string; repository: string } {
  return { registry: dockerHub, repository: name === "" || name.includes("/") ? name : `library/${name}` };
}

function looksLikeRegistry(component: string): boolean {
  return /[.:]/.test(component) || component === "localhost";
}

const otherDigest = /@(?:sha\d+|md5|blake3)(?:[.+_-][a-z0-9]+)*:[^@]*$/i;

/** The text for a message, bounded, without what stands before an `@` that begins no digest: `user:password@host/x`. */
function shown(text: string): string {
  const name = text.replace(otherDigest, "");
  const at = name.lastIndexOf("@");
  const safe = at === -1 ? text : `***${text.slice(at)}`;
  return JSON.stringify(safe.length > 200 ? `${safe.slice(0, 200)}...` : safe);
}
