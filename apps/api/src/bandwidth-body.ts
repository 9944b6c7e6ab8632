import { parseDuration, parseRate } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { z } from "zod";

/** The body of `PUT /v1/bandwidth`. */
export interface BandwidthBody {
  /** Bytes per second; `undefined` = unlimited, 0 = paused. */
  readonly limit: number | undefined;
  readonly forMs: number | undefined;
}

/** Makes a zod transformation of a parse function that throws InvalidRequestError. */
function parsed<Input, Output>(
  parse: (input: Input) => Output,
): (input: Input, context: z.core.$RefinementCtx<Input>) => Output {
  return (input, context) => {
    try {
      return parse(input);
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error;
      context.issues.push({ code: "custom", message: error.message, input });
      return z.NEVER;
    }
  };
}

const textOrNumber = z.union([z.string().max(40), z.number()]);

export const bandwidthBodySchema: z.ZodType<BandwidthBody> = z
  .strictObject({
    limit: textOrNumber
      .transform(parsed((value) => (value === "unlimited" ? undefined : parseRate(value))))
      .meta({ description: "`20MB/s`, bytes per second, `unlimited`, or 0 to pause", examples: ["5MB/s"] }),
    for: textOrNumber
      .transform(parsed(durationOf))
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
