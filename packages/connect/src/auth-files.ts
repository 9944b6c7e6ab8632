import { join } from "node:path";

/** Where docker, podman and skopeo keep credentials, in the order in which they are asked. `home` is the user's directory. */
export function authFiles(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): readonly string[] {
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    env["REGISTRY_AUTH_FILE"],
    runtime === undefined ? undefined : join(runtime, "containers", "auth.json"),
    join(env["XDG_CONFIG_HOME"] ?? join(home, ".config"), "containers", "auth.json"),
    join(env["DOCKER_CONFIG"] ?? join(home, ".docker"), "config.json"),
  ].filter((file) => file !== undefined);
}
