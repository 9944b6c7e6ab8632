import { LayawayError } from "@layaway/errors";
import { parseImageConfig, type Reference, type ResolvedImage } from "@layaway/oci";
import type { Registry } from "@layaway/registry";

import { closing } from "../closing.ts";
import { openUserSource, type SourceFlags } from "../open-user-source.ts";
import { parseImage, parsePlatformFlag } from "../parse-image.ts";
import { printJson } from "../print-json.ts";
import { readConfig } from "../read-config.ts";
import type { Terminal } from "../terminal.ts";

export interface InspectFlags extends SourceFlags {
  readonly raw?: true;
  /** Prints the image's config; the configuration file is named by `LAYAWAY_CONFIG` here. */
  readonly config?: true;
  readonly platform?: string;
  /** False with `--no-tags`. */
  readonly tags: boolean;
}

/** `layaway inspect IMAGE`: what a registry tells of an image without its layers, in the fields of `skopeo inspect`. */
export async function inspect(image: string, flags: InspectFlags, terminal: Terminal): Promise<void> {
  const config = await readConfig(undefined, terminal);
  const reference = parseImage(image);
  const platform = flags.platform === undefined ? undefined : parsePlatformFlag(flags.platform);
  await closing(await openUserSource(config, flags, terminal), async ({ registry }) => {
    const { signal } = terminal;
    if (flags.raw === true && flags.config !== true) {
      terminal.stdout.write((await registry.fetchManifest(reference, { signal })).bytes);
      return;
    }
    const resolved = await registry.resolve(reference, { platform, signal });
    if (flags.config === true) {
      const { configBytes } = resolved.primary;
      if (flags.raw === true) terminal.stdout.write(configBytes);
      else printJson(terminal, JSON.parse(Buffer.from(configBytes).toString("utf8")));
      return;
    }
    const tags = flags.tags ? await tagsOf(registry, reference, signal) : [];
    printJson(terminal, describeImage(resolved, tags));
  });
}

/** The fields and their order are skopeo's, so that scripts can change over. */
function describeImage(image: ResolvedImage, tags: readonly string[]): Record<string, unknown> {
  const { manifest, configBytes } = image.primary;
  const config = parseImageConfig(configBytes);
  return {
    Name: `${image.reference.registry}/${image.reference.repository}`,
    Digest: image.root.descriptor.digest,
    RepoTags: tags,
    Created: config.created,
    DockerVersion: config.dockerVersion ?? "",
    Labels: config.labels ?? null,
    Architecture: config.platform.architecture,
    Os: config.platform.os,
    Layers: manifest.layers.map((layer) => layer.digest),
    LayersData: manifest.layers.map((layer) => ({
      MIMEType: layer.mediaType,
      Digest: layer.digest,
      Size: layer.size,
      Annotations: layer.annotations ?? null,
    })),
    Env: config.env ?? [],
  };
}

/** Some registries let an image be read and refuse the list of tags: then it is empty, as skopeo has it. */
async function tagsOf(
  registry: Registry,
  reference: Reference,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const tags: string[] = [];
    for await (const tag of registry.listTags(reference, { signal })) tags.push(tag);
    return tags;
  } catch (error) {
    if (error instanceof LayawayError && (error.code === "denied" || error.code === "unauthorized"))
      return [];
    throw error;
  }
}
