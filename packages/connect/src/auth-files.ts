import { join } from "node:path";

/** Where docker, podman and skopeo keep credentials, in the order in which they are asked. `home` is the user's directory. */
export function authFiles(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): readonly string[] {
  // Set to nothing counts as absent: joined, it would name a file of the working directory.
  const valueOf = (name: string): string | undefined => env[name] || undefined;
  const runtime = valueOf("XDG_RUNTIME_DIR");
  return [
    valueOf("REGISTRY_AUTH_FILE"),
    runtime === undefined ? undefined : join(runtime, "containers", "auth.json"),
    join(valueOf("XDG_CONFIG_HOME") ?? join(home, ".config"), "containers", "auth.json"),
    join(valueOf("DOCKER_CONFIG") ?? join(home, ".docker"), "config.json"),
  ].filter((file) => file !== undefined);
}
