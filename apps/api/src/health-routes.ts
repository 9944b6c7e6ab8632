import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";

import { problemContentType, problemOf } from "./problem.ts";
import type { ReadinessCheck } from "./readiness.ts";

/** For load balancers and orchestrators, which have no token: they tell that something is wrong, and little more. */
export function addHealthRoutes(
  app: FastifyInstance,
  readiness: () => Promise<readonly ReadinessCheck[]>,
): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const ok = z.object({ status: z.literal("ok") });
  routes.get(
    "/healthz",
    { schema: { tags: ["operation"], summary: "Whether the process answers", response: { 200: ok } } },
    () => ({ status: "ok" as const }),
  );
  routes.get(
    "/readyz",
    { schema: { tags: ["operation"], summary: "Whether Redis and every destination answer" } },
    async (request, reply) => {
      const checks = await readiness();
      const failed = checks.filter((check) => check.code !== undefined);
      if (failed.length === 0) return reply.send({ status: "ok", checks });
      const detail = `not ready: ${failed.map(({ name, code }) => `${name} (${code ?? ""})`).join(", ")}`;
      const problem = problemOf(503, failed[0]?.code ?? "internal", detail, { requestId: request.id });
      return reply
        .code(503)
        .type(problemContentType)
        .send(JSON.stringify({ ...problem, checks }));
    },
  );
}
