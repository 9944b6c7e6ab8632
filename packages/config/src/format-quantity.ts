/** A size for people, in decimal units as docker shows it: `512 B`, `1.5 GB`. */
export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 999.5) return `${Math.max(0, Math.round(sizeBytes))} B`;
  let amount = sizeBytes / 1000;
  let index = 0;
  // 999.96 would be shown as 1000.0, which belongs to the next unit.
  while (amount >= 999.95 && index < largerUnits.length - 1) {
    amount /= 1000;
    index += 1;
  }
  return `${amount.toFixed(1)} ${largerUnits[index]}`;
}

const largerUnits = ["kB", "MB", "GB", "TB", "PB"];

/** A rate for people: `80.0 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

/** A duration for people, in its two largest units: `850 ms`, `12 s`, `3 min 20 s`, `1 h 5 min`, `2 d 3 h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.max(0, Math.round(durationMs))} ms`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
