import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";

import type { ApiDeps } from "./api-deps.ts";
import { addArchiveRoutes } from "./archive-routes.ts";
import { addBandwidthRoutes } from "./bandwidth-routes.ts";
import { createAuthenticate } from "./bearer-tokens.ts";
import { checkLocalCaller } from "./browser-guard.ts";
import { endConnectionsAtLast } from "./close-connections.ts";
import { addDocs } from "./docs.ts";
import { answerError } from "./error-answer.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { answerMalformedHttp } from "./malformed-http.ts";
import { addMetrics } from "./metrics.ts";
import { createReadiness } from "./readiness.ts";
import { securityHeaders } from "./security-headers.ts";
import { refuseUnknownRoutes } from "./unknown-route.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The id of the token that the request came with. */
    requester: string | undefined;
  }
}

/** What a caller may take of us; Node's own defaults are 60 s and 300 s. */
const limits = {
  bodyBytes: 64 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  requestsPerSocket: 1000,
  /** How often the two timeouts are looked at; Node's default of 30 s would make 40 s of 10. */
  checkIntervalMs: 5000,
  /** How long an answer may go on after the API was told to close. */
  closeGraceMs: 5000,
};

/**
 * The HTTP API, not listening yet. Its `close` ends connections and leaves what it was given (`deps`) open.
 *
 * Requests pass, in this order: guard against web pages (only without tokens), token, schema, use case; whatever throws
 * becomes a problem document.
 */
export function createApi(deps: ApiDeps): FastifyInstance {
  const app: FastifyInstance = Fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    maxRequestsPerSocket: limits.requestsPerSocket,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    },
    forceCloseConnections: "idle",
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerMalformedHttp,
  });
  // JSON is what a foreign page cannot post without asking first; text/plain is.
  app.removeContentTypeParser("text/plain");
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  refuseUnknownRoutes(app);

  app.decorateRequest("requester", undefined);
  app.addHook("onRequest", (request, reply, done) => {
    void reply.headers(securityHeaders);
    if (deps.tokens.length === 0) checkLocalCaller(request.method, request.headers);
    done();
  });
  addRequestLog(app);
  endConnectionsAtLast(app, deps.closeGraceMs ?? limits.closeGraceMs);
  const metrics = addMetrics(app, deps);
  addDocs(app, { version: deps.version, hasTokens: deps.tokens.length > 0 });

  const readiness = createReadiness(deps);
  void app.register((open, _options, done) => {
    addHealthRoutes(open, readiness);
    done();
  });
  const authenticate = createAuthenticate(deps.tokens);
  void app.register((guarded, _options, done) => {
    guarded.addHook("onRequest", (request, _reply, next) => {
      request.requester = authenticate(request.headers.authorization).requester;
      next();
    });
    guarded.route({
      method: "GET",
      url: "/metrics",
      schema: { tags: ["operation"], summary: "Figures for Prometheus" },
      handler: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.read()),
    });
    void guarded.register(
      (v1, _v1Options, v1Done) => {
        addArchiveRoutes(v1, deps);
        addBandwidthRoutes(v1, deps);
        v1Done();
      },
      { prefix: "/v1" },
    );
    done();
  });
  return app;
}

/** What never reached a route has passed no hook either. */
function answerUnroutable(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  void reply.headers(securityHeaders);
  answerError(error, request, reply);
}

/** One line per answer, without query (a cursor, a label) and headers. */
function addRequestLog(app: FastifyInstance): void {
  app.addHook("onResponse", (request, reply, done) => {
    request.log.info(
      {
        method: request.method,
        path: request.url.replace(/\?.*$/s, ""),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        requester: request.requester,
      },
      "answered",
    );
    done();
  });
}
