import { request } from "node:http";
import type { GeneratedBlob } from "./generated-blob.ts";
import type { TestImage } from "./make-image.ts";
import type { TestIndex } from "./make-index.ts";

export interface Push {
  /** Host and port of a registry that speaks plain HTTP. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly image: TestImage | TestIndex;
  /** Basic authentication. */
  readonly username?: string;
  readonly password?: string;
}

/** Pushes an image, or an index with all it lists, as the distribution specification says; independent of our own client. */
export async function pushImage(push: Push): Promise<void> {
  const { image } = push;
  for (const member of "images" in image ? image.images : []) {
    await pushOne(push, member, member.digest);
  }
  await ("images" in image
    ? putManifest(push, image, push.tag ?? image.digest)
    : pushOne(push, image, push.tag ?? image.digest));
}

/** What `putImage` needs of a registry in this process. */
export interface Shelf {
  putManifest(
    repository: string,
    manifest: { mediaType: string; bytes: Uint8Array },
    tags?: readonly string[],
  ): string;
  putBlob(repository: string, blob: Uint8Array | GeneratedBlob): string;
}

/** Puts an image, or an index with all it lists, into a fault registry. Returns its digest. */
export function putImage(
  shelf: Shelf,
  repository: string,
  image: TestImage | TestIndex,
  tags: readonly string[] = [],
): string {
  for (const member of "images" in image ? image.images : [image]) {
    for (const blob of [...member.blobs.values(), ...member.generatedBlobs]) shelf.putBlob(repository, blob);
    shelf.putManifest(repository, { mediaType: member.mediaType, bytes: member.manifestBytes });
  }
  return shelf.putManifest(repository, { mediaType: image.mediaType, bytes: image.manifestBytes }, tags);
}

async function pushOne(push: Push, image: TestImage, reference: string): Promise<void> {
  for (const [digest, bytes] of image.blobs) {
    await pushBlob(push, digest, bytes.length, [bytes]);
  }
  for (const blob of image.generatedBlobs) {
    await pushBlob(push, blob.digest, blob.sizeBytes, chunksOf(blob));
  }
  await putManifest(push, image, reference);
}

async function pushBlob(
  push: Push,
  digest: string,
  sizeBytes: number,
  body: Iterable<Buffer>,
): Promise<void> {
  const blobs = `http://${push.registry}/v2/${push.repository}/blobs`;
  const known = await send(push, "HEAD", new URL(`${blobs}/${digest}`), {}, []);
  if (known.status === 200) return;
  const started = await send(push, "POST", new URL(`${blobs}/uploads/`), { "content-length": "0" }, []);
  const target = new URL(expectStatus(started, 202).location, blobs);
  target.searchParams.append("digest", digest);
  const headers = { "content-type": "application/octet-stream", "content-length": String(sizeBytes) };
  expectStatus(await send(push, "PUT", target, headers, body), 201);
}

async function putManifest(push: Push, image: TestImage | TestIndex, reference: string): Promise<void> {
  const url = new URL(`http://${push.registry}/v2/${push.repository}/manifests/${reference}`);
  const headers = { "content-type": image.mediaType, "content-length": String(image.manifestBytes.length) };
  expectStatus(await send(push, "PUT", url, headers, [image.manifestBytes]), 201);
}

function* chunksOf(blob: GeneratedBlob): Generator<Buffer> {
  const chunkBytes = 1024 * 1024;
  for (let offset = 0; offset < blob.sizeBytes; offset += chunkBytes) yield blob.read(offset, chunkBytes);
}

interface Answer {
  readonly what: string;
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

async function send(
  push: Push,
  method: string,
  url: URL,
  headers: Record<string, string>,
  body: Iterable<Buffer>,
): Promise<Answer> {
  const auth = push.username === undefined ? {} : { auth: `${push.username}:${push.password ?? ""}` };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ...auth }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          what: `${method} ${url.pathname}`,
          status: response.statusCode ?? 0,
          location: response.headers.location ?? "",
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.once("error", reject);
    void writeAll(sent, body).catch(reject);
  });
}

async function writeAll(sent: ReturnType<typeof request>, body: Iterable<Buffer>): Promise<void> {
  for (const chunk of body) {
    if (!sent.write(chunk)) await new Promise((resolve) => sent.once("drain", resolve));
  }
  sent.end();
}

function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${answer.what}: ${answer.status} instead of ${status}: ${answer.text.slice(0, 200)}`);
}
