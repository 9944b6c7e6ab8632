import type { OnReadOpts, Socket } from "node:net";

/** One receive call fills up to this much, four times what Node takes from a socket by itself. */
const bulkBytes = 256 * 1024;
let memory: Buffer | undefined;

/**
 * Has a socket of ours receive into memory that all such sockets share, and gives what came to its reader at once, through
 * the same `readable` and `read()` that undici uses on any socket. Node by itself allocates 64 KiB for each receive call,
 * which at full speed costs more than the call: in allocations, in collecting them, and in the number of calls.
 *
 * Invariant: what `read()` returns is good until the reader returns to the event loop; what it leaves unread is copied.
 */
export function bulkReads(): { readonly onread: OnReadOpts; readonly attach: (socket: Socket) => void } {
  memory ??= Buffer.allocUnsafeSlow(bulkBytes);
  const buffer = memory;
  let unread: Buffer | undefined;
  let reader: Socket | undefined;
  return {
    onread: {
      buffer,
      callback(sizeBytes) {
        unread = buffer.subarray(0, sizeBytes);
        reader?.emit("readable");
        if (unread === undefined) return true;
        unread = Buffer.from(unread);
        // Nothing more is received until somebody reads on.
        return false;
      },
    },
    attach(socket) {
      reader = socket;
      const read = socket.read.bind(socket);
      socket.read = (sizeBytes?: number): unknown => {
        if (unread === undefined) return read(sizeBytes);
        // What is there waits for its reader; nothing more may be received over it.
        if (sizeBytes === 0) return null;
        const bytes = unread;
        unread = undefined;
        return bytes;
      };
      socket.unshift = (bytes: Buffer): void => {
        unread = bytes.length === 0 ? undefined : bytes;
      };
    },
  };
}
