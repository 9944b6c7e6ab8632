import { MalformedImageError, UnsupportedMediaTypeError } from "./errors.ts";
import type { ImageConfig } from "./image-config.ts";
import type { ImageManifest } from "./manifest.ts";
import { isLayerMediaType } from "./media-types.ts";

/**
 * The cheap check before any layer is read: `docker load` refuses an image whose config has not one diff id for each layer
 * (moby `daemon/internal/image/tarexport/load.go`). Throws `MalformedImageError`, `UnsupportedMediaTypeError`.
 */
export function checkImage(manifest: ImageManifest, config: Pick<ImageConfig, "diffIds">): void {
  const unknown = manifest.layers.find(({ mediaType }) => !isLayerMediaType(mediaType));
  if (unknown !== undefined) {
    throw new UnsupportedMediaTypeError(`layer ${unknown.digest}: ${unknown.mediaType} is not supported`);
  }
  if (manifest.layers.length !== config.diffIds.length) {
    throw new MalformedImageError(
      `image config ${manifest.config.digest}: ${config.diffIds.length} diff ids for ${manifest.layers.length} layers`,
    );
  }
}
