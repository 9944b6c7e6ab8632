import type { Schedule } from "@layaway/bandwidth";
import type { Config } from "@layaway/config";
import type { Bandwidth, BandwidthOverride } from "@layaway/jobs";
import { z } from "zod";

/** The budget as callers see it; rates are bytes per second, `null` = unlimited, 0 = paused. */
export interface BandwidthAnswer {
  /** In force now. */
  readonly limit: number | null;
  /** What configuration and calendar say now. */
  readonly configured: number | null;
  /** Whether the rate also follows how the sources bear it. */
  readonly auto: boolean;
  readonly override?: { readonly limit: number | null; readonly until?: string };
  readonly next?: { readonly limit: number | null; readonly at: string };
  readonly upload?: number;
  readonly perRegistry: Readonly<Record<string, number>>;
}

/** What the API knows and does of the deployment's budget. */
export interface ApiBandwidth {
  readonly fleet: Pick<Bandwidth, "governor" | "look" | "override" | "clearOverride">;
  readonly schedule: Schedule;
  readonly settings: Config["bandwidth"];
}

export async function bandwidthAnswer({ fleet, schedule, settings }: ApiBandwidth): Promise<BandwidthAnswer> {
  const { nowMs, override } = await fleet.look();
  const configured = schedule.rateAt(nowMs);
  const limit = override === undefined ? configured : override.bytesPerSecond;
  const next = nextChange(schedule, nowMs, limit, override);
  return {
    limit: limit ?? null,
    configured: configured ?? null,
    auto: settings.limit === "auto",
    ...(override === undefined
      ? {}
      : {
          override: {
            limit: override.bytesPerSecond ?? null,
            ...(override.untilMs === undefined ? {} : { until: timeOf(override.untilMs) }),
          },
        }),
    ...(next === undefined ? {} : { next: { limit: next.bytesPerSecond ?? null, at: timeOf(next.atMs) } }),
    ...(settings.upload === undefined ? {} : { upload: settings.upload }),
    perRegistry: settings.perRegistry,
  };
}

/** An override hides the calendar until it ends. */
function nextChange(
  schedule: Schedule,
  nowMs: number,
  limit: number | undefined,
  override: BandwidthOverride | undefined,
): ReturnType<Schedule["nextChange"]> {
  if (override === undefined) return schedule.nextChange(nowMs);
  const { untilMs } = override;
  if (untilMs === undefined) return undefined;
  const after = schedule.rateAt(untilMs);
  return after === limit ? schedule.nextChange(untilMs) : { atMs: untilMs, bytesPerSecond: after };
}

function timeOf(epochMs: number): string {
  return new Date(Math.round(epochMs)).toISOString();
}

const rate = z.number().nullable().meta({ description: "Bytes per second; `null` = unlimited, 0 = paused" });

export const bandwidthAnswerSchema: z.ZodType<BandwidthAnswer> = z
  .object({
    limit: rate.meta({ description: "In force now: bytes per second; `null` = unlimited, 0 = paused" }),
    configured: rate.meta({ description: "What configuration and calendar say now" }),
    auto: z.boolean().meta({ description: "Whether the rate also follows how the sources bear it" }),
    override: z.object({ limit: rate, until: z.iso.datetime().exactOptional() }).exactOptional(),
    next: z
      .object({ limit: rate, at: z.iso.datetime() })
      .exactOptional()
      .meta({ description: "The next change by the calendar or by the end of the override" }),
    upload: z.number().exactOptional().meta({ description: "The limit of uploads, where they have one" }),
    perRegistry: z.record(z.string(), z.number()),
  })
  .meta({ id: "Bandwidth" });
