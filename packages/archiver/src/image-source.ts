import type { Descriptor, Platform, Reference, ResolvedImage } from "@layaway/oci";
import type { BlobReader } from "@layaway/registry";

/** Where images come from: a registry client fulfils it. */
export interface ImageSource {
  /** What the reference stands for now; manifests and configs in it were verified. */
  resolve(
    reference: Reference,
    options: { readonly platform: Platform | "all" | undefined; readonly signal: AbortSignal },
  ): Promise<ResolvedImage>;
  openBlob(reference: Reference, blob: Descriptor): BlobReader;
}
