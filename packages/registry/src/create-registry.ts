import type { Share } from "@layaway/bandwidth";
import type { Reference } from "@layaway/oci";

import { createAuthorizer } from "./authorizer.ts";
import type { BlobReader, Reserve, WindowTiming } from "./blob-reader.ts";
import { createBlobRequests } from "./blob-requests.ts";
import { cancellableReserve } from "./cancellable-reserve.ts";
import { createContentCache } from "./content-cache.ts";
import { createBlobReader } from "./create-blob-reader.ts";
import { createExchange } from "./exchange.ts";
import { listTags } from "./list-tags.ts";
import { createManifests } from "./manifests.ts";
import { mediaTypeOf } from "./media-type-of.ts";
import { fetchConfig } from "./fetch-config.ts";
import { createPullAllowance } from "./pull-allowance.ts";
import type { Registry, RegistryOptions } from "./registry.ts";
import { registryUrl } from "./registry-url.ts";
import { resolveImage } from "./resolve-image.ts";
import { type RetryPolicy, sleep } from "./retry.ts";
import type { TokenClient } from "./token-request.ts";
import { onceEach } from "./warnings.ts";

const defaultMaxWaitMs = 10_000;
/** Some hundred manifests and configs of usual size. */
const cacheBytes = 16 * 1024 * 1024;

/** A client for any number of registries, over one outbound client. */
export function createRegistry(options: RegistryOptions): Registry {
  const { outbound, plainHttpFor = () => false } = options;
  const now = options.now ?? (() => performance.now());
  const wallClock = options.wallClock ?? Date.now;
  const retries: RetryPolicy = {
    random: options.random ?? Math.random,
    sleep: options.sleep ?? sleep,
    maxWaitMs: options.maxWaitMs ?? defaultMaxWaitMs,
  };
  const reserveFor = (registry: string, share?: Share): Reserve | undefined => {
    const reserve = options.reserve?.(registry, share);
    return reserve === undefined ? undefined : cancellableReserve(reserve);
  };
  const urlOf = (reference: Pick<Reference, "registry">): URL =>
    registryUrl(reference.registry, plainHttpFor);
  const tokenClientFor = (registry: string): TokenClient => ({
    outbound,
    retries,
    reserve: reserveFor(registry),
    wallClock,
  });
  const onWarning = onceEach(options.onWarning ?? (() => {}));
  const authorizer = createAuthorizer({
    credentialsFor: options.credentialsFor,
    tokenClientFor,
    urlOf,
    realmHostsFor: (registry) => options.realmHostsFor?.(registry),
    onRefused: ({ registry, repository }) =>
      onWarning({ registry, text: `the credentials for ${repository} are refused; reading it without them` }),
    now,
  });
  const pulls = createPullAllowance({
    floorFor: (registry) => options.pullFloorFor?.(registry) ?? 0,
    random: retries.random,
    now,
  });
  const exchange = createExchange({
    outbound,
    authorizer,
    tokenClientFor,
    pulls,
    retries,
    wallClock,
    onWarning,
  });
  const cache = createContentCache(cacheBytes);
  const manifests = createManifests({ exchange, cache, urlOf, reserveFor });
  const open = new Set<BlobReader>();

  const openBlob: Registry["openBlob"] = (reference, blob, { share } = {}) => {
    const url = new URL(`${reference.repository}/blobs/${blob.digest}`, urlOf(reference));
    const onWindow = (timing: WindowTiming): void => options.onWindow?.(reference.registry, timing);
    const onFailure = (by: WindowTiming["by"]): void =>
      onWindow({ by, firstByteMs: undefined, failed: true, bytes: 0 });
    const requests = createBlobRequests({ reference, blob, url, exchange, outbound, onFailure });
    const reader = createBlobReader({
      blob,
      requests,
      reserve: reserveFor(reference.registry, share),
      retries,
      now,
      readAtLatestMs: options.readAtLatestMs,
      onWindow,
    });
    const tracked: BlobReader = {
      read: (into, offset, asked) => reader.read(into, offset, asked),
      close() {
        open.delete(tracked);
        reader.close();
      },
    };
    open.add(tracked);
    return tracked;
  };

  return {
    resolve: (reference, { platform, signal }) =>
      resolveImage({
        manifests,
        config: (descriptor) => fetchConfig({ cache, openBlob, reference, descriptor, signal }),
        reference,
        platform,
        signal,
      }),
    openBlob,
    async fetchManifest(reference, { signal }) {
      const { digest, bytes, contentType } = await manifests.named(reference, signal);
      const mediaType = mediaTypeOf(bytes, contentType);
      return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
    },
    listTags: (reference, { signal }) =>
      listTags({
        exchange,
        reference,
        url: urlOf(reference),
        reserve: reserveFor(reference.registry),
        signal,
      }),
    close() {
      for (const reader of open) reader.close();
    },
  };
}
