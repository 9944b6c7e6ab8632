import type { FastifyInstance } from "fastify";

/** Node counts a connection that never asked for anything as busy, and browsers open such ones: closing must not wait for them. */
export function endConnectionsAtLast(app: FastifyInstance, graceMs: number): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook("preClose", (done) => {
    timer = setTimeout(() => app.server.closeAllConnections(), graceMs);
    done();
  });
  app.addHook("onClose", (_app, done) => {
    clearTimeout(timer);
    done();
  });
}
