// Loaded into a measured node process with --import: at its end it writes down what it has used.
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

const file = process.env.LAYAWAY_BENCH_USAGE;
// Processes that this one starts are not measured.
delete process.env.LAYAWAY_BENCH_USAGE;

process.once("exit", () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const usage = {
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    // Not resourceUsage().maxRSS: that one is never less than the parent's was at the fork.
    peakRssBytes: 1024 * numberIn("/proc/self/status", /^VmHWM:\s+(\d+) kB$/mu),
    diskBytes: numberIn("/proc/self/io", /^write_bytes: (\d+)$/mu),
  };
  if (file !== undefined) writeFileSync(file, JSON.stringify(usage));
});

function numberIn(path, pattern) {
  return Number(pattern.exec(readFileSync(path, "utf8"))?.[1]);
}
