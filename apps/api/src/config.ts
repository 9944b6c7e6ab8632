import { InvalidRequestError } from "@layaway/errors";

/** Where the API's own process listens. */
export interface ListenSettings {
  /** `LAYAWAY_HOST`; 127.0.0.1 unless given. */
  readonly host: string;
  /** `LAYAWAY_PORT`; 8080 unless given, 0 for any free one. */
  readonly port: number;
}

/** Throws `InvalidRequestError` that names the variable. */
export function listenSettings(env: Readonly<Record<string, string | undefined>>): ListenSettings {
  const text = env["LAYAWAY_PORT"] ?? "8080";
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidRequestError("LAYAWAY_PORT: must be a number from 0 to 65535");
  return { host: env["LAYAWAY_HOST"] ?? "127.0.0.1", port };
}
