// What is to be compared with: GET each blob, hash it, PUT it in pieces of 16 MiB. One after the other, no retries, no tar, no checks.
// Arguments: registry, repository, endpoint, then the digests.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, request } from "node:http";
import process from "node:process";

const [registry, repository, endpoint, ...digests] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const pieceBytes = 16 * 1024 * 1024;

for (const digest of digests) {
  const blob = await send("GET", `http://${registry}/v2/${repository}/blobs/${digest}`);
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(pieceBytes);
  let filled = 0;
  for await (const chunk of blob) {
    hash.update(chunk);
    for (let taken = 0; taken < chunk.length;) {
      const copied = chunk.copy(piece, filled, taken);
      taken += copied;
      filled += copied;
      if (filled === pieceBytes) await put(piece.subarray(0, filled));
      if (filled === pieceBytes) filled = 0;
    }
  }
  if (filled > 0) await put(piece.subarray(0, filled));
  if (`sha256:${hash.digest("hex")}` !== digest) throw new Error(`${digest} does not match`);
}
agent.destroy();

async function put(bytes) {
  const response = await send("PUT", `${endpoint}/bucket/bare`, bytes);
  for await (const _ of response);
}

async function send(method, url, body) {
  const headers = body === undefined ? {} : { "content-length": body.length };
  const sent = request(url, { method, agent, headers });
  sent.end(body);
  const [response] = await once(sent, "response");
  if (response.statusCode !== 200) throw new Error(`${method} ${url}: ${response.statusCode}`);
  return response;
}
