import { type Digest, parseDigest } from "@layaway/oci";
import { z } from "zod";

import type { DockerImage } from "./archive-head.ts";
import { NotAnArchiveError } from "./errors.ts";

const blobFolder = "blobs/sha256/";
const blobPath = z.string().regex(/^blobs\/sha256\/[a-f0-9]{64}$/);
const schema = z.tuple([
  z.object({ Config: blobPath, RepoTags: z.array(z.string()), Layers: z.array(blobPath) }),
]);

/** Reads the `manifest.json` of an archive. Throws `NotAnArchiveError`. */
export function parseDockerManifest(bytes: Uint8Array): DockerImage {
  try {
    const [image] = schema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    return { config: digestIn(image.Config), repoTags: image.RepoTags, layers: image.Layers.map(digestIn) };
  } catch (cause) {
    throw new NotAnArchiveError("not an archive of Layaway: manifest.json is not as it must be", { cause });
  }
}

function digestIn(path: string): Digest {
  return parseDigest(`sha256:${path.slice(blobFolder.length)}`);
}
