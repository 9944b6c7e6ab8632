import type { Reference } from "@layaway/oci";

const dockerHubNames = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/**
 * The entry that serves a repository: keys are written as `host`, `host:port`, `https://host/v1/` (docker), or
 * `host/namespace` (podman), and the longest one that covers the repository counts. Docker Hub has three host names.
 */
export function entryFor<T>(
  entries: ReadonlyMap<string, T>,
  reference: Pick<Reference, "registry" | "repository">,
): T | undefined {
  const name = `${reference.registry}/${reference.repository}`;
  let best: { readonly key: string; readonly entry: T } | undefined;
  for (const [written, entry] of entries) {
    const key = normalizedKey(written);
    const covers = name === key || name.startsWith(`${key}/`);
    if (covers && key.length > (best?.key.length ?? 0)) best = { key, entry };
  }
  return best?.entry;
}

/** Host, or host and namespace. */
function normalizedKey(written: string): string {
  const bare = written.replace(/^https?:\/\//, "");
  const [host = "", ...path] = bare.replace(/\/+$/, "").split("/");
  const registry = dockerHubNames.has(host.toLowerCase()) ? "docker.io" : host.toLowerCase();
  // With a scheme it is docker's form, whose path says nothing; `v1` and `v2` are of the API.
  const isNamespace = bare === written && !["v1", "v2"].includes(path.join("/"));
  return isNamespace ? [registry, ...path].join("/") : registry;
}

/** How credential helpers know a registry. */
export function helperServerUrl(registry: string): string {
  return registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
}
