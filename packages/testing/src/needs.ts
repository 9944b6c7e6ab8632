import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** What a test can ask for. */
export type ServerName =
  | "redis"
  | "docker-registry"
  | "ceph"
  | "swift"
  | "dockerd"
  | "skopeo"
  | "busybox"
  | "openssl"
  | "tar"
  | "zstd";

interface Server {
  /** Every one of them has to be found. */
  readonly commands: readonly string[];
  /** The Debian packages that bring them. */
  readonly packages: readonly string[];
  readonly root?: true;
}

const servers: Readonly<Record<ServerName, Server>> = {
  redis: { commands: ["redis-server"], packages: ["redis-server"] },
  "docker-registry": { commands: ["docker-registry"], packages: ["docker-registry"] },
  ceph: {
    commands: ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph"],
    packages: ["radosgw", "ceph-mon", "ceph-osd", "ceph-common"],
  },
  swift: {
    commands: [
      "swift-proxy-server",
      "swift-account-server",
      "swift-container-server",
      "swift-object-server",
      "swift-ring-builder",
      "memcached",
    ],
    packages: [
      "swift-proxy",
      "swift-account",
      "swift-container",
      "swift-object",
      "python3-swift",
      "memcached",
    ],
  },
  dockerd: { commands: ["dockerd", "docker"], packages: ["docker.io"], root: true },
  skopeo: { commands: ["skopeo"], packages: ["skopeo"] },
  busybox: { commands: ["busybox"], packages: ["busybox-static"] },
  openssl: { commands: ["openssl"], packages: ["openssl"] },
  tar: { commands: ["tar"], packages: ["tar"] },
  zstd: { commands: ["zstd"], packages: ["zstd"] },
};

export interface Missing {
  readonly kind: "missing";
  readonly commands: readonly string[];
  /** Debian packages to install. */
  readonly packages: readonly string[];
  /** One line for people. */
  readonly reason: string;
}

/** Whether this machine can start all of these. */
export function needs(...names: readonly ServerName[]): { readonly kind: "ok" } | Missing {
  const wanted: readonly Server[] = names.map((name) => servers[name]);
  const lacking = wanted.filter((server) => !server.commands.every(findCommand));
  const commands = lacking.flatMap((server) => server.commands).filter((command) => !findCommand(command));
  const packages = [...new Set(lacking.flatMap((server) => server.packages))];
  if (commands.length > 0) {
    const reason = `${commands.join(", ")} not found; Debian: apt-get install ${packages.join(" ")}`;
    return { kind: "missing", commands, packages, reason };
  }
  if (wanted.some((server) => server.root === true) && process.getuid?.() !== 0) {
    return { kind: "missing", commands, packages, reason: `${names.join(", ")}: only root can start it` };
  }
  return { kind: "ok" };
}

/** The path of a command, or undefined where it is not installed. Looks into /usr/sbin too, which is not on everybody's PATH. */
export function findCommand(command: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
