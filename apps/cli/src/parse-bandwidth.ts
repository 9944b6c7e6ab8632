import { InternalError } from "@layaway/errors";
import { z } from "zod";

/** The budget of a deployment as its API shows it; rates are bytes per second, `null` = unlimited, 0 = paused. */
export interface BandwidthState {
  readonly limit: number | null;
  readonly configured: number | null;
  readonly auto: boolean;
  readonly override?: { readonly limit: number | null; readonly until?: string };
  readonly next?: { readonly limit: number | null; readonly at: string };
  readonly upload?: number;
  readonly perRegistry: Readonly<Record<string, number>>;
}

const rate = z.number().nullable();

const state: z.ZodType<BandwidthState> = z.object({
  limit: rate,
  configured: rate,
  auto: z.boolean(),
  override: z.object({ limit: rate, until: z.string().exactOptional() }).exactOptional(),
  next: z.object({ limit: rate, at: z.string() }).exactOptional(),
  upload: z.number().exactOptional(),
  perRegistry: z.record(z.string(), z.number()),
});

export function parseBandwidth(answer: unknown): BandwidthState {
  const parsed = state.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new InternalError("the API's answer is no bandwidth (is this a Layaway API?)");
}
