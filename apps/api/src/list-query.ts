import type { ArchiveState } from "@layaway/ledger";
import { z } from "zod";

/** The query of `GET /v1/archives`. */
export interface ListQuery {
  readonly state?: ArchiveState;
  readonly image?: string;
  readonly label?: string;
  readonly cursor?: string;
  readonly limit: number;
}

export const listQuerySchema: z.ZodType<ListQuery> = z.strictObject({
  state: z.enum(["queued", "running", "waiting", "completed", "failed", "cancelled"]).exactOptional(),
  image: z
    .string()
    .min(1)
    .max(512)
    .exactOptional()
    .meta({ description: "A part of the image as it was given" }),
  label: z.string().min(1).max(320).exactOptional().meta({ description: "`name` or `name=value`" }),
  cursor: z.string().min(1).max(512).exactOptional().meta({ description: "`nextCursor` of the page before" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
