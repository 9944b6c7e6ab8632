import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { gzip, gzipOfSize, zstdFrame, zstdSkippableFrame } from "./compress.ts";
import type { Compression } from "./compress.ts";
import { digestOf, seededBytes } from "./seeded-bytes.ts";

/** A file of a layer: its content, or more than that. A symbolic link has `linkTo` and no content. */
export type LayerFile =
  | string
  | Uint8Array
  | { readonly content: Uint8Array; readonly mode: number }
  | { readonly linkTo: string };

/** What a layer holds, by path. */
export interface FilesLayer {
  readonly files: Readonly<Record<string, LayerFile>>;
  readonly compression?: Compression;
}

/** A tar with one file of random bytes, whose blob has exactly this size: 4096 or more; uncompressed, a multiple of 512. */
export interface SizedLayer {
  readonly sizeBytes: number;
  readonly compression?: Compression;
  /** Layers of the same size and seed are the same layer. By default the seed is the layer's place in the image. */
  readonly seed?: string;
}

export type LayerSpec = FilesLayer | SizedLayer;

/** A layer as a registry holds it. */
export interface LayerBlob {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly compression: Compression;
  /** The digest of the uncompressed tar, which the config lists. */
  readonly diffId: string;
}

export async function makeLayer(spec: LayerSpec, defaultSeed: string): Promise<LayerBlob> {
  const compression = spec.compression ?? "gzip";
  const { tar, bytes } =
    "files" in spec
      ? await filesLayer(spec.files, compression)
      : await sizedLayer(spec.sizeBytes, spec.seed ?? defaultSeed, compression);
  return { digest: digestOf(bytes), bytes, compression, diffId: digestOf(tar) };
}

interface Packed {
  readonly tar: Buffer;
  readonly bytes: Buffer;
}

async function filesLayer(files: FilesLayer["files"], compression: Compression): Promise<Packed> {
  const tar = await tarOf(files);
  switch (compression) {
    case "none":
      return { tar, bytes: tar };
    case "gzip":
      return { tar, bytes: gzip(tar) };
    case "zstd":
      return { tar, bytes: zstdFrame(tar) };
    case "zstd:chunked":
      return { tar, bytes: Buffer.concat([zstdFrame(tar), zstdSkippableFrame(Buffer.alloc(64))]) };
  }
}

async function sizedLayer(sizeBytes: number, seed: string, compression: Compression): Promise<Packed> {
  if (sizeBytes < 4096)
    throw new Error(`a layer of ${sizeBytes} bytes is too small to hold a tar; 4096 or more`);
  if (compression === "none") {
    if (sizeBytes % 512 !== 0) throw new Error("the size of an uncompressed layer is a multiple of 512");
    const tar = await tarOf({ data: seededBytes(seed, sizeBytes - tarOverheadBytes) });
    return { tar, bytes: tar };
  }
  // Room for the frames' own bytes: one block header in 64 KiB (gzip: 5 bytes) or 128 KiB (zstd: 3 bytes).
  const room = sizeBytes - tarOverheadBytes - 512 - Math.ceil(sizeBytes / 65_535) * 6;
  const tar = await tarOf({ data: seededBytes(seed, room - (room % 512)) });
  if (compression === "gzip") return { tar, bytes: gzipOfSize(tar, sizeBytes) };
  const frame = zstdFrame(tar);
  return {
    tar,
    bytes: Buffer.concat([frame, zstdSkippableFrame(Buffer.alloc(sizeBytes - frame.length - 8))]),
  };
}

// One header, two zero blocks at the end.
const tarOverheadBytes = 3 * 512;

async function tarOf(files: FilesLayer["files"]): Promise<Buffer> {
  const tar = pack();
  for (const [name, file] of Object.entries(files)) {
    const header = { name, mtime: new Date(0), uid: 0, gid: 0 };
    if (typeof file === "object" && "linkTo" in file) {
      tar.entry({ ...header, type: "symlink", linkname: file.linkTo });
    } else if (typeof file === "object" && "content" in file) {
      tar.entry({ ...header, mode: file.mode }, Buffer.from(file.content));
    } else {
      tar.entry({ ...header, mode: 0o644 }, Buffer.from(file));
    }
  }
  tar.finalize();
  return await buffer(tar);
}
