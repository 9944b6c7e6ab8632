import type { Reference } from "@layaway/oci";

/** Where a registry's API is spoken to. Docker Hub's has another name than users write. */
export function registryUrl(registry: string, plainHttpFor: (host: string) => boolean): URL {
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  return new URL(`${plainHttpFor(registry) ? "http" : "https"}://${host}/v2/`);
}

/** The scope of a token that lets us read: distribution `docs/content/spec/auth/scope.md`. */
export function pullScope(reference: Pick<Reference, "repository">): string {
  return `repository:${reference.repository}:pull`;
}
