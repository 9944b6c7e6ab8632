import { formatDuration, formatRate } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";

import type { ApiClient, BandwidthState } from "../api-client.ts";
import { printJson } from "../print-json.ts";
import type { Terminal } from "../terminal.ts";

export interface BandwidthFlags {
  readonly set?: string;
  readonly for?: string;
  readonly clear?: true;
  readonly json?: true;
}

/** `layaway bandwidth [--set RATE [--for DURATION] | --clear]`: shows or overrides the limit of a running deployment. */
export async function bandwidth(flags: BandwidthFlags, client: ApiClient, terminal: Terminal): Promise<void> {
  const state = await changed(flags, client);
  if (flags.json === true) printJson(terminal, state);
  else terminal.stdout.write(describe(state));
}

function changed(flags: BandwidthFlags, client: ApiClient): Promise<BandwidthState> {
  if (flags.clear === true) {
    if (flags.set !== undefined) throw new InvalidRequestError("--set and --clear exclude each other");
    if (flags.for !== undefined) throw new InvalidRequestError("--for: goes with --set");
    return client.clearBandwidth();
  }
  if (flags.set !== undefined) return client.setBandwidth(flags.set, flags.for);
  if (flags.for !== undefined) throw new InvalidRequestError("--for: goes with --set");
  return client.bandwidth();
}

function describe({ limit, configured, auto, override, next, upload, perRegistry }: BandwidthState): string {
  const until = override?.until === undefined ? "until it is changed" : `until ${override.until}`;
  const rows = [
    ["limit", override === undefined ? rateText(limit) : `${rateText(limit)}, overridden ${until}`],
    ["configured", auto ? `${rateText(configured)}, less where a source suffers` : rateText(configured)],
    ...(next === undefined
      ? []
      : [
          [
            "next",
            `${rateText(next.limit)} at ${next.at} (in ${formatDuration(Date.parse(next.at) - Date.now())})`,
          ],
        ]),
    ...(upload === undefined ? [] : [["upload", rateText(upload)]]),
    ...Object.entries(perRegistry).map(([host, rate]) => [host, rateText(rate)]),
  ];
  return rows.map(([name = "", value = ""]) => `${name.padEnd(10)} ${value}\n`).join("");
}

function rateText(rate: number | null): string {
  if (rate === null) return "unlimited";
  return rate === 0 ? "paused" : formatRate(rate);
}
