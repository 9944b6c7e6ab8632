import { InvalidRequestError } from "@layaway/errors";
import { InvalidReferenceError, parseReference } from "@layaway/oci";

/** A registry's host as references name it, so that `index.docker.io` and `docker.io` are one. Throws InvalidRequestError. */
export function parseRegistryHost(text: string): string {
  const reference = referenceIn(text);
  const repository = reference?.registry === "docker.io" ? "library/x" : "x";
  if (reference === undefined || reference.repository !== repository || text.startsWith("docker://")) {
    throw new InvalidRequestError(
      `${JSON.stringify(text.slice(0, 80))} is not a registry's host (write registry.example.com or registry:5000, without scheme and path)`,
    );
  }
  return reference.registry;
}

function referenceIn(host: string): ReturnType<typeof parseReference> | undefined {
  try {
    return parseReference(`${host}/x`);
  } catch (error) {
    if (error instanceof InvalidReferenceError) return undefined;
    throw error;
  }
}
