import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { createJsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";

/** Everything the page needs comes from this process: it works without the internet. */
const pagePolicy = {
  "default-src": ["'self'"],
  "img-src": ["'self'", "data:"],
  "style-src": ["'self'", "'unsafe-inline'"],
  "object-src": ["'none'"],
  "base-uri": ["'self'"],
  "frame-ancestors": ["'none'"],
};

/** Describes every route that is added after it, from the very schemas that check requests: `/openapi.json`, `/docs`. */
export function addDocs(
  app: FastifyInstance,
  options: { readonly version: string; readonly hasTokens: boolean },
): void {
  void app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Layaway",
        description: "Puts container images away in object storage, as tars that `docker load` reads.",
        version: options.version,
      },
      ...(options.hasTokens
        ? {
            components: { securitySchemes: { token: { type: "http" as const, scheme: "bearer" } } },
            security: [{ token: [] }],
          }
        : {}),
    },
    transform: createJsonSchemaTransform({}),
    transformObject: jsonSchemaTransformObject,
  });
  void app.register(async (docs) => {
    docs.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
    await docs.register(swaggerUi, { routePrefix: "/docs", staticCSP: pagePolicy });
  });
}
