import { type Archive, isArchiveId } from "@layaway/ledger";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";

import type { ApiDeps } from "./api-deps.ts";
import { archiveAnswer, archiveAnswerSchema } from "./archive-answer.ts";
import { sendDownload } from "./download.ts";
import { HttpError } from "./http-error.ts";
import { listQuerySchema } from "./list-query.ts";
import { problemResponses } from "./problem-schema.ts";
import { submitArchive } from "./submit-archive.ts";
import { submitBodySchema } from "./submit-body.ts";

const tags = ["archives"];
const params = z.object({ id: z.string() });
const submitHeaders = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters")
    .exactOptional(),
});
/** Bodies are described only: they are streams, and pass no serializer. */
const tar = (description: string) => ({ description, content: { "application/x-tar": { schema: z.any() } } });
const downloadResponses = {
  200: tar("The archive, where the store has no presigned URLs"),
  206: tar("The range that was asked for, where the store has no presigned URLs"),
  302: z.undefined().meta({ description: "`Location` is a presigned URL of the store" }),
};
const archivePage = z.object({ items: z.array(archiveAnswerSchema), nextCursor: z.string().exactOptional() });

/** `/archives`: below the version's prefix, behind the tokens. */
export function addArchiveRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const shown = (archive: Archive) => archiveAnswer(archive, deps.publicUrl);

  routes.route({
    method: "POST",
    url: "/archives",
    schema: {
      tags,
      summary: "Archive an image",
      description:
        "202 for a new request; 200 with the earlier archive while the same request is still open.",
      headers: submitHeaders,
      body: submitBodySchema,
      response: { 200: archiveAnswerSchema, 202: archiveAnswerSchema, ...problemResponses },
    },
    handler: async (request, reply) => {
      const { kind, archive } = await submitArchive(deps, {
        body: request.body,
        idempotencyKey: request.headers["idempotency-key"],
        requester: request.requester,
      });
      const answer = shown(archive);
      request.log.info({ archive: archive.id, image: archive.image, requester: request.requester }, kind);
      return reply
        .code(kind === "accepted" ? 202 : 200)
        .header("location", answer.links.self)
        .send(answer);
    },
  });

  routes.route({
    method: "GET",
    url: "/archives",
    schema: {
      tags,
      summary: "List archives, newest first",
      querystring: listQuerySchema,
      response: { 200: archivePage, ...problemResponses },
    },
    handler: async (request) => {
      const page = await deps.jobs.list(request.query);
      return { ...page, items: page.items.map(shown) };
    },
  });

  routes.route({
    method: "GET",
    url: "/archives/:id",
    schema: {
      tags,
      summary: "Show one archive",
      params,
      response: { 200: archiveAnswerSchema, ...problemResponses },
    },
    handler: async (request) => shown(await findArchive(deps, request.params.id)),
  });

  routes.route({
    method: "GET",
    url: "/archives/:id/download",
    schema: {
      tags,
      summary: "Download the tar",
      description:
        "302 to a URL of the store that is good for 15 minutes; the tar itself, also in ranges, where the store has no such URLs.",
      params,
      response: { ...downloadResponses, ...problemResponses },
    },
    handler: async (request, reply) =>
      sendDownload(deps, await findArchive(deps, request.params.id), request, reply),
  });
}

async function findArchive(deps: ApiDeps, id: string): Promise<Archive> {
  // Ids become keys in Redis: what cannot be one of ours is not asked for.
  const archive = isArchiveId(id) ? await deps.jobs.get(id) : undefined;
  if (archive === undefined) throw new HttpError(404, "invalid_request", "there is no archive with this id");
  return archive;
}
