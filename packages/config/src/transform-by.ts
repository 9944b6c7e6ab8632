import { InvalidRequestError } from "@layaway/errors";
import { z } from "zod";

/** Makes a zod transformation of a parse function that throws InvalidRequestError: its message becomes the issue's. */
export function transformBy<Input, Output>(
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
