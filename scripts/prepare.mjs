// What `npm run demo`, `npm test` and `npm run bench` do before anything else, on a machine that has Node and npm only.
// Plain JavaScript: it runs before a single module is installed.
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** For the environment of what runs below here: nothing may report to anybody, and turbo would. */
export const quietTools = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };

/** Runs a command in the project's root, its output in sight; ends this process where it fails. */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...quietTools, ...env },
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs the node modules where they are missing or older than the lock file. */
export function installModules() {
  const installed = join(root, "node_modules", ".package-lock.json");
  const lock = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  run("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"]);
}

export function build() {
  run("npm", ["run", "--silent", "build"]);
}

/** Whether a command is installed; /usr/sbin counts, though it is not on everybody's PATH. */
export function hasCommand(command) {
  return [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Installs Debian packages for the commands that are missing, where that is allowed: as root or with sudo, without asking
 * for a password. `wanted` maps a command to the package that brings it. Returns the packages that are still missing.
 */
export function installPackages(wanted) {
  const missing = () => [
    ...new Set(Object.entries(wanted).flatMap(([command, name]) => (hasCommand(command) ? [] : [name]))),
  ];
  const names = missing();
  if (names.length === 0) return [];
  const become = asRoot();
  if (!hasCommand("apt-get") || become === undefined) return names;
  console.log(`Installing Debian packages: ${names.join(" ")}`);
  const [command, ...before] = [...become, "sh", "-c", aptInstall, "sh"];
  spawnSync(command, [...before, ...names], { stdio: ["ignore", "ignore", "inherit"] });
  return missing();
}

// The packages' services are ours to start, on ports of our own, not the machine's: while policy-rc.d says so, none is started.
const aptInstall = `
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > $policy && chmod 755 $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  apt-get -qq install -y --no-install-recommends "$@"
`;

/** The words that make a command run as root: none for root itself; `undefined` where there is no way. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  try {
    execFileSync("sudo", ["-n", "true"], { stdio: "ignore" });
    return ["sudo", "-n"];
  } catch {
    return undefined;
  }
}
