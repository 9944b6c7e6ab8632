import { z } from "zod";

import { errorCodes, problemContentType } from "./problem.ts";

const problem = z
  .object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(errorCodes).meta({ description: "Stable; what programs decide by" }),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).exactOptional(),
    requestId: z.string().exactOptional(),
  })
  .meta({ id: "Problem", description: "An RFC 9457 problem document" });

/** The errors of every route, for the OpenAPI document. */
export const problemResponses: {
  readonly default: {
    readonly description: string;
    readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
  };
} = {
  default: { description: "An error", content: { [problemContentType]: { schema: problem } } },
};
