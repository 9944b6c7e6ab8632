// The floor: receives each blob, hashes it, and sends it on in pieces of 16 MiB, on bare sockets and in place. One thing
// after the other; no retries, no tar, no checks but the digest. Arguments: registry, repository, endpoint, then the digests.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";

const [registry, repository, endpoint, ...digests] = process.argv.slice(2);
const pieceBytes = 16 * 1024 * 1024;
/** One is sent, and the socket already points at the other one when it is full. */
let [piece, other] = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)];
const headBytes = 64 * 1024;
const head = Buffer.allocUnsafeSlow(headBytes);

const store = connectTo(new URL(endpoint).host);
for (const digest of digests) await move(digest);
store.end();

/** Bytes land where they are sent from: the socket reads into the piece itself. */
async function move(digest) {
  const hash = createHash("sha256");
  let filled = 0;
  let missing;
  let wake;
  let failure;
  const source = connectTo(registry, {
    buffer: () => (missing === undefined ? head : piece.subarray(filled)),
    callback(sizeBytes) {
      let from = filled;
      let bytes = sizeBytes;
      if (missing === undefined) {
        const end = head.indexOf("\r\n\r\n") + 4;
        const text = head.toString("latin1", 0, end);
        if (!text.startsWith("HTTP/1.1 200 ")) failure = new Error(text);
        missing = Number(/content-length: (\d+)/iu.exec(text)?.[1]);
        bytes = head.copy(piece, 0, end, sizeBytes);
        from = 0;
      }
      hash.update(piece.subarray(from, from + bytes));
      filled += bytes;
      missing -= bytes;
      if (filled < pieceBytes && missing > 0 && failure === undefined) return true;
      wake(piece.subarray(0, filled));
      [piece, other] = [other, piece];
      filled = 0;
      return false;
    },
  });
  source.write(`GET /v2/${repository}/blobs/${digest} HTTP/1.1\r\nhost: ${registry}\r\n\r\n`);
  for (;;) {
    const full = new Promise((resolve) => (wake = resolve));
    source.resume();
    const bytes = await full;
    if (failure !== undefined) throw failure;
    await put(bytes);
    if (missing === 0) break;
  }
  source.destroy();
  if (`sha256:${hash.digest("hex")}` !== digest) throw new Error(`${digest} does not match`);
}

async function put(bytes) {
  const answered = once(store, "data");
  store.write(`PUT /bucket/bare HTTP/1.1\r\nhost: store\r\ncontent-length: ${bytes.length}\r\n\r\n`);
  store.write(bytes);
  const [answer] = await answered;
  if (!answer.toString("latin1").startsWith("HTTP/1.1 200 ")) throw new Error(answer.toString("latin1"));
}

function connectTo(host, onread) {
  const { hostname, port } = new URL(`http://${host}`);
  return connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    ...(onread === undefined ? {} : { onread }),
  });
}
