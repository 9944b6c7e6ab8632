import {
  type Descriptor,
  type Digest,
  DigestMismatchError,
  formatReference,
  MalformedImageError,
  manifestAccept,
  maxManifestBytes,
  parseDigest,
  type Reference,
  sha256Of,
  verifyBytes,
} from "@layaway/oci";
import { type OutboundResponse, TransportError } from "@layaway/outbound";

import type { Reserve } from "./blob-reader.ts";
import type { Content, ContentCache } from "./content-cache.ts";
import { DeniedError, ManifestUnknownError, SourceUnusableError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { contentLength, readBody } from "./read-body.ts";

/** Fetches manifests and indexes; their digests are always computed here. */
export interface Manifests {
  /** What the reference's digest or tag names. */
  named(reference: Reference, signal: AbortSignal): Promise<Content>;
  /** What an entry of an index points at, its size checked too. */
  described(reference: Reference, descriptor: Descriptor, signal: AbortSignal): Promise<Content>;
}

export function createManifests(options: {
  readonly exchange: Exchange;
  readonly cache: ContentCache;
  readonly urlOf: (reference: Reference) => URL;
  readonly reserveFor: (registry: string) => Reserve | undefined;
}): Manifests {
  const { exchange, cache } = options;

  const send = <T>(
    reference: Reference,
    method: "GET" | "HEAD",
    name: string,
    signal: AbortSignal,
    take: (response: OutboundResponse) => Promise<T> | T,
  ): Promise<T> => {
    const url = new URL(`${reference.repository}/manifests/${name}`, options.urlOf(reference));
    const request = {
      reference,
      subject: "manifest",
      method,
      url,
      headers: { accept: manifestAccept },
      signal,
    } as const;
    return exchange.send(request, ({ response }) => take(response));
  };

  const fetch = (reference: Reference, name: string, signal: AbortSignal): Promise<Content> =>
    send(reference, "GET", name, signal, async (response) => {
      checkLength(response, reference);
      const bytes = await readManifest(response, reference, options.reserveFor(reference.registry), signal);
      return { digest: sha256Of(bytes), bytes, contentType: response.header("content-type") };
    });

  /** Bytes may be damaged on the way once; twice it is what the registry has. */
  const byDigest = async (reference: Reference, digest: Digest, signal: AbortSignal): Promise<Content> => {
    const known = cache.get(reference, digest);
    if (known !== undefined) return known;
    for (let tried = 1; ; tried += 1) {
      const content = await fetch(reference, digest, signal);
      if (content.digest === digest) {
        cache.put(reference, content);
        return content;
      }
      if (tried === 2) {
        throw new DigestMismatchError(
          `manifest ${digest} of ${reference.repository}: the bytes hash to ${content.digest}`,
        );
      }
    }
  };

  /** HEAD costs no pull. It tells the digest only where it tells the size too; some registries have no HEAD at all. */
  const headDigest = async (
    reference: Reference,
    tag: string,
    signal: AbortSignal,
  ): Promise<Digest | undefined> => {
    try {
      return await send(reference, "HEAD", tag, signal, (response) => {
        response.discard();
        checkLength(response, reference);
        return contentLength(response) === undefined ? undefined : digestIn(response);
      });
    } catch (error) {
      // Its answers have no body: GET learns the reason.
      if (error instanceof DeniedError || error instanceof SourceUnusableError) return undefined;
      throw error;
    }
  };

  const byTag = async (reference: Reference, tag: string, signal: AbortSignal): Promise<Content> => {
    const digest = await headDigest(reference, tag, signal);
    if (digest !== undefined) {
      try {
        return await byDigest(reference, digest, signal);
      } catch (error) {
        // The header is advice, and sometimes wrong (go-containerregistry `fetcher.go`): then the tag's own bytes decide.
        if (!(error instanceof DigestMismatchError) && !(error instanceof ManifestUnknownError)) throw error;
      }
    }
    const content = await fetch(reference, tag, signal);
    cache.put(reference, content);
    return content;
  };

  return {
    named: (reference, signal) =>
      reference.digest === undefined
        ? byTag(reference, reference.tag ?? "latest", signal)
        : byDigest(reference, reference.digest, signal),
    async described(reference, descriptor, signal) {
      const content = await byDigest(reference, descriptor.digest, signal);
      verifyBytes(content.bytes, descriptor);
      return { ...content, contentType: descriptor.mediaType };
    },
  };
}

function checkLength(response: OutboundResponse, reference: Reference): void {
  if ((contentLength(response) ?? 0) <= maxManifestBytes) return;
  response.discard();
  throw tooLarge(reference);
}

async function readManifest(
  response: OutboundResponse,
  reference: Reference,
  reserve: Reserve | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await readBody(response, maxManifestBytes, reserve, signal);
  } catch (error) {
    if (error instanceof TransportError && error.kind === "too_large") throw tooLarge(reference);
    throw error;
  }
}

function tooLarge(reference: Reference): MalformedImageError {
  return new MalformedImageError(
    `manifest of ${formatReference(reference)}: more than ${maxManifestBytes} bytes`,
  );
}

function digestIn(response: OutboundResponse): Digest | undefined {
  try {
    return parseDigest(response.header("docker-content-digest") ?? "");
  } catch {
    return undefined;
  }
}
