import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * A link to a server far away: bytes take half of `roundTripMs` in each direction, and at most `windowBytes` of a connection
 * are under way until the other side has acknowledged them, as a TCP window has it.
 * @returns {Promise<{ host: string, stop: () => Promise<void> }>}
 */
export async function startFarLink({ port, roundTripMs, windowBytes }) {
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => open.delete(socket));
    }
    delay(near, far);
    delay(far, near);
  });

  function delay(from, to) {
    let underWayBytes = 0;
    from.on("data", (bytes) => {
      underWayBytes += bytes.length;
      if (underWayBytes >= windowBytes) from.pause();
      setTimeout(() => {
        if (!to.destroyed) to.write(bytes);
      }, roundTripMs / 2);
      setTimeout(() => {
        underWayBytes -= bytes.length;
        if (underWayBytes < windowBytes) from.resume();
      }, roundTripMs);
    });
    from.once("end", () => setTimeout(() => to.end(), roundTripMs / 2));
    from.once("close", () => setTimeout(() => to.destroy(), roundTripMs));
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${server.address().port}`,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
