import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A registry in a process of its own that costs little; see `source.mjs`. */
export async function startSource() {
  const { port, ask, stop } = await start("source.mjs");
  return {
    port,
    host: `127.0.0.1:${port}`,
    /** @param image What `makeImage` made. @param seeds Of its generated layers, by digest. */
    async add(repository, tag, image, seeds) {
      const text = image.manifestBytes.toString();
      const manifest = { text, type: image.mediaType, digest: image.digest };
      const documents = [tag, image.digest].map((name) => ({
        path: `/v2/${repository}/manifests/${name}`,
        ...manifest,
      }));
      for (const [digest, bytes] of image.blobs) {
        const config = { text: bytes.toString(), type: "application/octet-stream", digest };
        documents.push({ path: `/v2/${repository}/blobs/${digest}`, ...config });
      }
      const blobs = image.generatedBlobs.map(({ digest, sizeBytes }) => ({
        path: `/v2/${repository}/blobs/${digest}`,
        seed: seeds.get(digest),
        sizeBytes,
      }));
      await ask({ documents, blobs });
    },
    stop,
  };
}

/** An S3 endpoint in a process of its own that costs little and keeps nothing; see `null-s3.mjs`. */
export async function startNullS3() {
  const { port, ask, stop } = await start("null-s3.mjs");
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bytesReceived: async () => (await ask({})).bytesReceived,
    stop,
  };
}

async function start(file) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)));
  const [{ port }] = await once(child, "message");
  const ask = async (message) => {
    const answered = once(child, "message");
    child.send(message);
    return (await answered)[0];
  };
  const stop = async () => {
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  };
  return { port, ask, stop };
}
