import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";

import type { ApiDeps } from "./api-deps.ts";
import { bandwidthAnswer, bandwidthAnswerSchema } from "./bandwidth-answer.ts";
import { bandwidthBodySchema } from "./bandwidth-body.ts";
import { problemResponses } from "./problem-schema.ts";

const tags = ["bandwidth"];
const response = { 200: bandwidthAnswerSchema, ...problemResponses };

/** `/bandwidth`: the one budget of the deployment. */
export function addBandwidthRoutes(app: FastifyInstance, { bandwidth }: Pick<ApiDeps, "bandwidth">): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.route({
    method: "GET",
    url: "/bandwidth",
    schema: { tags, summary: "Show the limit in force", response },
    handler: () => bandwidthAnswer(bandwidth),
  });

  routes.route({
    method: "PUT",
    url: "/bandwidth",
    schema: {
      tags,
      summary: "Override the limit",
      description:
        "In force within a second for the whole fleet, in place of the configured limit and its calendar.",
      body: bandwidthBodySchema,
      response,
    },
    handler: async (request) => {
      const { limit, forMs } = request.body;
      await bandwidth.fleet.override(limit, forMs);
      request.log.info({ limit: limit ?? null, forMs, requester: request.requester }, "bandwidth overridden");
      return bandwidthAnswer(bandwidth);
    },
  });

  routes.route({
    method: "DELETE",
    url: "/bandwidth",
    schema: { tags, summary: "Go back to the configured limit", response },
    handler: async (request) => {
      await bandwidth.fleet.clearOverride();
      request.log.info({ requester: request.requester }, "bandwidth as configured");
      return bandwidthAnswer(bandwidth);
    },
  });
}
