import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Tells a living process from every other one that has, had or will have its id: ids are used again after a while, and
 * at once after a reboot or in a container. `undefined` where there is no such process.
 */
export function processIdentity(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const boot = read("/proc/sys/kernel/random/boot_id");
  if (boot === undefined) return fromPs(pid);
  // proc(5): the name in parentheses may hold anything; behind it come the state (3rd) and, as 22nd, the start time.
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ");
  const [state, startTime] = [fields?.[0], fields?.[19]];
  return state === undefined || state === "Z" ? undefined : `${boot} ${startTime}`;
}

/** Where there is no /proc (macOS). */
function fromPs(pid: number): string | undefined {
  const found = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  const text = found.status === 0 ? found.stdout.trim() : "";
  return text === "" ? undefined : text;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
