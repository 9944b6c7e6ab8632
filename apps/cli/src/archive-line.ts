import { formatDuration, formatRate, formatSize } from "@layaway/config";
import type { Archive } from "@layaway/ledger";

/** One archive in one line, as `submit` and `status` print it. */
export function archiveLine(archive: Archive): string {
  return [archive.id, archive.state.padEnd(9), archive.image, detailOf(archive)]
    .filter((word) => word !== "")
    .join("  ");
}

function detailOf(archive: Archive): string {
  const { bytes, rate, etaMs } = archive;
  switch (archive.state) {
    case "completed":
      return `${formatSize(archive.size ?? bytes.total)}  ${archive.key ?? ""}`;
    case "failed":
    case "waiting":
      return archive.error === undefined ? "" : `${archive.error.code}: ${archive.error.message}`;
    case "running": {
      if (bytes.total === 0) return "";
      const left = etaMs === undefined ? "" : `, ${formatDuration(etaMs)} left`;
      const speed = rate === undefined ? "" : `, ${formatRate(rate)}`;
      return `${formatSize(bytes.done)} of ${formatSize(bytes.total)}${speed}${left}`;
    }
    case "queued":
    case "cancelled":
      return "";
  }
}

/** Whether nothing more will happen to the archive by itself. */
export function isSettled(archive: Archive): boolean {
  return archive.state === "completed" || archive.state === "failed" || archive.state === "cancelled";
}
