import type { Share } from "@layaway/bandwidth";
import type { Descriptor, Platform, RawManifest, Reference, ResolvedImage } from "@layaway/oci";
import type { Outbound } from "@layaway/outbound";

import type { BlobReader, Reserve, WindowTiming } from "./blob-reader.ts";
import type { Credentials } from "./credentials.ts";
import type { RegistryWarning } from "./warnings.ts";

export interface RegistryOptions {
  readonly outbound: Outbound;
  /** Asked for each new token, never for somebody else's registry; `undefined` = anonymous. */
  readonly credentialsFor: (reference: Reference) => Promise<Credentials | undefined>;
  /** Whether a registry (host and port as in references) is spoken to over http; none unless given. */
  readonly plainHttpFor?: ((registry: string) => boolean) | undefined;
  /**
   * Hosts of token servers that may see a registry's credentials besides the registry's own host, with their port where it
   * is not the default one. Absent for a registry: those below the same owned name (`gitlab.com` for `registry.gitlab.com`).
   */
  readonly realmHostsFor?: ((registry: string) => readonly string[] | undefined) | undefined;
  /** How many of the pulls that a registry still allows are left to others; 0 unless given. */
  readonly pullFloorFor?: ((registry: string) => number | undefined) | undefined;
  /** The budget of a registry: bytes are reserved before they are asked for, in the name of the share given to `openBlob`. */
  readonly reserve?: ((registry: string, share: Share | undefined) => Reserve) | undefined;
  /** How long a body that cannot be asked for in ranges may wait for the budget before something of it is read; 10 s unless given. */
  readonly readAtLatestMs?: number | undefined;
  /** Told of every request for bytes of a blob. */
  readonly onWindow?: ((registry: string, timing: WindowTiming) => void) | undefined;
  /** The longest wait that a `Retry-After` may ask for here, 10 s by default; longer ones are thrown. */
  readonly maxWaitMs?: number | undefined;
  /** Told of each warning once. */
  readonly onWarning?: ((warning: RegistryWarning) => void) | undefined;
  /** Replace the real ones in tests. `now` is monotonic, `wallClock` counts from 1970, both in milliseconds. */
  readonly random?: (() => number) | undefined;
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  readonly now?: (() => number) | undefined;
  readonly wallClock?: (() => number) | undefined;
}

export interface ResolveOptions {
  /** `linux/amd64` unless given; `all` keeps the index and every image below it. */
  readonly platform: Platform | "all" | undefined;
  readonly signal: AbortSignal;
}

/**
 * Reads from registries (distribution-spec). All methods throw only LayawayErrors: those of this package, of
 * `@layaway/oci` for content that is not as it must be, `AddressDeniedError` where the guard refuses, `CancelledError`.
 */
export interface Registry {
  /** What a reference stands for now. The tag is looked at once; manifests and configs in the answer were verified. */
  resolve(reference: Reference, options: ResolveOptions): Promise<ResolvedImage>;
  /** No request is made before the first read. */
  openBlob(
    reference: Reference,
    blob: Descriptor,
    options?: { readonly share?: Share | undefined },
  ): BlobReader;
  /** The manifest or index as it is, verified where the reference has a digest, of any type. */
  fetchManifest(reference: Reference, options: { readonly signal: AbortSignal }): Promise<RawManifest>;
  /** In the registry's order, which is not one of time. */
  listTags(
    reference: Pick<Reference, "registry" | "repository">,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<string>;
  /** Ends the bodies that are still open; the outbound client stays the caller's. */
  close(): void;
}
