// HTTP/1.1 as far as the bench needs it, on bare sockets: what it costs is near to nothing, so the figures are the client's.
import { once } from "node:events";
import { createServer, Socket } from "node:net";

/**
 * @typedef {object} Asked
 * @property {string} method
 * @property {string} target Path and query.
 * @property {Map<string, string>} headers Names in lower case.
 * @property {number} bodyBytes What came with it; nobody keeps it.
 */

/** All connections read into the same memory, one after the other: bodies are only counted. */
const received = Buffer.allocUnsafeSlow(512 * 1024);
const tlsHandshake = 0x16;
const headEnd = Buffer.from("\r\n\r\n");

/**
 * @param {(asked: Asked, socket: Socket) => void} answer Called when a request has come whole.
 * @returns {Promise<{ port: number, stop: () => Promise<void> }>}
 */
export async function serveLean(answer) {
  const open = new Set();
  const server = createServer({ pauseOnConnect: true }, (accepted) => {
    // Node takes the buffer to read into only with a socket's making, and makes accepted sockets itself.
    const { _handle: handle } = accepted;
    accepted._handle = null;
    const take = createRequestParser(
      (asked) => answer(asked, socket),
      () => socket.write("HTTP/1.1 100 Continue\r\n\r\n"),
    );
    const callback = (sizeBytes) => {
      // Some clients try TLS first, and wait for an answer.
      if (received[0] === tlsHandshake && socket.bytesRead === sizeBytes) socket.destroy();
      else take(received.subarray(0, sizeBytes));
      return true;
    };
    const socket = new Socket({
      handle,
      readable: true,
      writable: true,
      onread: { buffer: received, callback },
    });
    open.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy()).on("end", () => socket.end());
    socket.on("close", () => open.delete(socket));
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Takes the bytes of one connection in any pieces. Bodies need a Content-Length. */
function createRequestParser(onRequest, onExpect) {
  let head = Buffer.alloc(0);
  /** @type {Asked | undefined} */
  let asked;
  let missingBytes = 0;
  return (bytes) => {
    for (let at = 0; at < bytes.length;) {
      if (asked === undefined) {
        const known = head.length;
        head = Buffer.concat([head, bytes.subarray(at)]);
        const end = head.indexOf(headEnd, Math.max(0, known - 3));
        if (end < 0) return;
        at += end + headEnd.length - known;
        asked = parseHead(head.toString("latin1", 0, end));
        head = Buffer.alloc(0);
        missingBytes = Number(asked.headers.get("content-length") ?? 0);
        asked.bodyBytes = missingBytes;
        if (asked.headers.get("expect") === "100-continue") onExpect();
      }
      const taken = Math.min(missingBytes, bytes.length - at);
      missingBytes -= taken;
      at += taken;
      if (missingBytes === 0) {
        const whole = asked;
        asked = undefined;
        onRequest(whole);
      }
    }
  };
}

function parseHead(text) {
  const [first = "", ...lines] = text.split("\r\n");
  const [method = "", target = "/"] = first.split(" ");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  if (headers.has("transfer-encoding")) throw new Error(`${first}: a body without Content-Length`);
  return { method, target, headers, bodyBytes: 0 };
}

/** @param {Record<string, string | number>} headers */
export function headOf(status, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Bench\r\n${lines.join("")}\r\n`;
}
