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

/** By the command that has to be found, the Debian package that brings it. */
const servers: Readonly<Record<ServerName, Readonly<Record<string, string>>>> = {
  redis: { "redis-server": "redis-server" },
  "docker-registry": { "docker-registry": "docker-registry" },
  ceph: {
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    radosgw: "radosgw",
    "radosgw-admin": "ceph-common",
    ceph: "ceph-common",
  },
  swift: {
    "swift-proxy-server": "swift-proxy",
    "swift-account-server": "swift-account",
    "swift-container-server": "swift-container",
    "swift-object-server": "swift-object",
    "swift-ring-builder": "swift",
    memcached: "memcached",
  },
  dockerd: { dockerd: "docker.io", docker: "docker.io" },
  skopeo: { skopeo: "skopeo" },
  busybox: { busybox: "busybox-static" },
  openssl: { openssl: "openssl" },
  tar: { tar: "tar" },
  zstd: { zstd: "zstd" },
};

const onlyForRoot: ReadonlySet<ServerName> = new Set(["dockerd"]);

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
  const lacking = names
    .flatMap((name) => Object.entries(servers[name]))
    .filter(([command]) => !findCommand(command));
  const commands = lacking.map(([command]) => command);
  const packages = [...new Set(lacking.map(([, name]) => name))];
  if (commands.length > 0) {
    const reason = `${commands.join(", ")} not found; Debian: apt-get install ${packages.join(" ")}`;
    return { kind: "missing", commands, packages, reason };
  }
  const restricted = names.filter((name) => onlyForRoot.has(name));
  if (restricted.length > 0 && process.getuid?.() !== 0) {
    return { kind: "missing", commands, packages, reason: `only root can start ${restricted.join(", ")}` };
  }
  return { kind: "ok" };
}

/** Every command that some test needs, and the Debian package that brings it. */
export function packagesByCommand(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.values(servers).flatMap(Object.entries<string>));
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
