import { type ArchiveEvent, createProgressTally } from "@layaway/archiver";
import { formatDuration, formatRate, formatSize } from "@layaway/config";
import { MultiBar, type SingleBar } from "cli-progress";

import type { Terminal } from "./terminal.ts";

export interface ProgressDisplay {
  take(event: ArchiveEvent): void;
  /** Leaves the terminal as it was found. */
  stop(): void;
}

/** Where people watch: bars. Elsewhere: a plain line every few seconds. With `quiet`: nothing. */
export function createProgressDisplay(terminal: Terminal, quiet: boolean): ProgressDisplay {
  if (quiet) return { take() {}, stop() {} };
  return terminal.stderr.isTTY === true ? createBars(terminal) : createLines(terminal);
}

/** As often as a log bears it. */
const lineEveryMs = 5000;

function createLines(terminal: Terminal): ProgressDisplay {
  const tally = createProgressTally(() => performance.now());
  const timer = setInterval(() => {
    const { bytes, rate = 0, etaMs } = tally.read();
    const arrived = tally.arrivedBytes();
    if (bytes.total === 0) return;
    const percent = Math.floor((arrived * 100) / bytes.total);
    const left = etaMs === undefined ? "" : `, ${formatDuration(etaMs)} left`;
    terminal.stderr.write(
      `layaway: ${formatSize(arrived)} of ${formatSize(bytes.total)} (${percent} %), ${formatRate(rate)}${left}\n`,
    );
  }, lineEveryMs);
  timer.unref();
  return {
    take(event) {
      tally.take(event);
      if (event.kind === "retry") terminal.stderr.write(`layaway: trying again: ${event.message}\n`);
    },
    stop() {
      clearInterval(timer);
    },
  };
}

const redrawEveryMs = 250;
/** More lines than this push what the user wrote off the screen. */
const mostLayerBars = 12;

function createBars(terminal: Terminal): ProgressDisplay {
  const tally = createProgressTally(() => performance.now());
  const bars = new MultiBar({
    stream: terminal.stderr,
    format: "{name} [{bar}] {percentage} % | {detail}",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: false,
    emptyOnZero: true,
    noTTYOutput: false,
    fps: 1000 / redrawEveryMs,
  });
  const layers = new Map<string, { readonly bar: SingleBar; readonly sizeBytes: number; fetched: number }>();
  let total: SingleBar | undefined;

  const drawTotal = (): void => {
    const { bytes, rate = 0, etaMs } = tally.read();
    const arrived = tally.arrivedBytes();
    const left = etaMs === undefined ? "" : `, ${formatDuration(etaMs)} left`;
    total?.update(arrived, {
      detail: `${formatSize(arrived)} of ${formatSize(bytes.total)}, ${formatRate(rate)}${left}`,
    });
  };
  const timer = setInterval(drawTotal, redrawEveryMs);
  timer.unref();

  return {
    take(event) {
      tally.take(event);
      if (event.kind === "planned") {
        total = bars.create(event.sizeBytes, 0, { name: "archive".padEnd(14), detail: "" });
        const largest = [...event.layers].sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, mostLayerBars);
        for (const { digest, sizeBytes } of event.layers.filter((layer) => largest.includes(layer))) {
          const bar = bars.create(Math.max(1, sizeBytes), 0, {
            name: digest.slice(7, 19).padEnd(14),
            detail: formatSize(sizeBytes),
          });
          layers.set(digest, { bar, sizeBytes, fetched: 0 });
        }
      }
      if (event.kind === "fetched") {
        const layer = layers.get(event.blob);
        if (layer === undefined) return;
        layer.fetched = Math.min(layer.sizeBytes, layer.fetched + event.sizeBytes);
        layer.bar.update(layer.fetched);
      }
      if (event.kind === "retry") {
        bars.log(`trying again: ${event.message}\n`);
        if (event.what === "restart") for (const layer of layers.values()) layer.fetched = 0;
      }
    },
    stop() {
      clearInterval(timer);
      drawTotal();
      bars.stop();
    },
  };
}
