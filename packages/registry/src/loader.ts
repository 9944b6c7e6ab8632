import type {
  Descriptor,
  ImageIndex,
  ImageManifest,
  Platform,
  PlatformImage,
  RawManifest,
} from "@layaway/oci";

/** A manifest or index that was read, with its bytes. */
export interface Loaded {
  readonly raw: RawManifest;
  readonly parsed: ImageManifest | ImageIndex;
}

/** What one resolution needs of the registry. */
export interface Loader {
  entry(descriptor: Descriptor): Promise<Loaded>;
  /** `platform` is what the index says; without it the config's word counts. */
  image(
    loaded: { readonly raw: RawManifest; readonly parsed: ImageManifest },
    platform: Platform | undefined,
  ): Promise<PlatformImage>;
}
