import { describe, expect, it } from "vitest";

import { authFiles } from "../src/index.ts";

describe("credential files", () => {
  it("lie where docker, podman and skopeo keep them", () => {
    expect(authFiles({}, "/home/u")).toEqual([
      "/home/u/.config/containers/auth.json",
      "/home/u/.docker/config.json",
    ]);
    const env = {
      REGISTRY_AUTH_FILE: "/a.json",
      XDG_RUNTIME_DIR: "/run/u",
      XDG_CONFIG_HOME: "/c",
      DOCKER_CONFIG: "/d",
    };
    expect(authFiles(env, "/home/u")).toEqual([
      "/a.json",
      "/run/u/containers/auth.json",
      "/c/containers/auth.json",
      "/d/config.json",
    ]);
  });

  it("are not looked for in the working directory where a variable is set to nothing", () => {
    const env = { REGISTRY_AUTH_FILE: "", XDG_RUNTIME_DIR: "", XDG_CONFIG_HOME: "", DOCKER_CONFIG: "" };
    expect(authFiles(env, "/home/u")).toEqual(authFiles({}, "/home/u"));
  });
});
