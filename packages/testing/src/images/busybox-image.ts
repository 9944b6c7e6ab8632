import { readFile } from "node:fs/promises";
import { findCommand } from "../needs.ts";
import { makeImage } from "./make-image.ts";
import type { ImageSpec, TestImage } from "./make-image.ts";

/** What the image prints when it runs, by default. */
export const busyboxGreeting = "put away and brought back";

/**
 * An image that runs: Debian's static busybox as its first layer, then the layers of `spec`.
 * Its platform is this machine's. Needs `busybox` (package busybox-static).
 */
export async function busyboxImage(
  spec: Omit<ImageSpec, "platform"> & { greeting?: string } = {},
): Promise<TestImage> {
  const busybox = findCommand("busybox");
  if (busybox === undefined) throw new Error("busybox not found; Debian: apt-get install busybox-static");
  const { greeting = busyboxGreeting, layers = [], cmd = ["/bin/sh", "-c", `echo '${greeting}'`] } = spec;
  const files = {
    "bin/busybox": { content: await readFile(busybox), mode: 0o755 },
    "bin/sh": { linkTo: "busybox" },
    "etc/motd": `${greeting}\n`,
  };
  return makeImage({ ...spec, cmd, layers: [{ files }, ...layers], platform: ownPlatform() });
}

function ownPlatform(): string {
  const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", arm: "arm/v7" };
  return `linux/${architectures[process.arch] ?? process.arch}`;
}
