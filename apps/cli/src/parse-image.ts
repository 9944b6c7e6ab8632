import { InvalidRequestError } from "@layaway/errors";
import { parsePlatform, parseReference, type Platform, type Reference } from "@layaway/oci";

/** An image as the command line names it. */
export function parseImage(text: string): Reference {
  if (text.startsWith("docker-daemon:")) {
    throw new InvalidRequestError(
      `${text}: images of a docker daemon cannot be read in this version; push it to a registry`,
    );
  }
  return parseReference(text);
}

/** `linux/arm64`, or `all` for the index with every image below it. */
export function parsePlatformFlag(text: string): Platform | "all" {
  return text === "all" ? "all" : parsePlatform(text);
}
