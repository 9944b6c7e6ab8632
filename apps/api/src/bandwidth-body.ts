import { parseDuration, parseRate, transformBy } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { z } from "zod";

/** The body of `PUT /v1/bandwidth`. */
export interface BandwidthBody {
  /** Bytes per second; `undefined` = unlimited, 0 = paused. */
  readonly limit: number | undefined;
  readonly forMs: number | undefined;
}

const textOrNumber = z.union([z.string().max(40), z.number()]);

export const bandwidthBodySchema: z.ZodType<BandwidthBody> = z
  .strictObject({
    limit: textOrNumber
      .transform(transformBy((value) => (value === "unlimited" ? undefined : parseRate(value))))
      .meta({ description: "`20MB/s`, bytes per second, `unlimited`, or 0 to pause", examples: ["5MB/s"] }),
    for: textOrNumber
      .transform(transformBy(durationOf))
      .optional()
      .meta({ description: "`2h`, or milliseconds; until it is changed unless given", examples: ["2h"] }),
  })
  .transform(({ limit, for: forMs }) => ({ limit, forMs }))
  .meta({ id: "BandwidthRequest" });

function durationOf(value: string | number): number {
  const durationMs = parseDuration(value);
  if (durationMs >= 1000) return durationMs;
  throw new InvalidRequestError("an override lasts a second or longer");
}
