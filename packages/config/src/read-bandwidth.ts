import { firstCommonMinute, minutesPerDay } from "./calendar-overlap.ts";
import type { CalendarEntry, Config } from "./config.ts";
import type { ConfigFile } from "./file-schema.ts";
import type { Mistakes } from "./mistakes.ts";
import { formatTimeOfDay } from "./time-of-day.ts";
import { nameOf } from "./weekdays.ts";

/**
 * Below this the parts of an upload stand still for so long that stores break them off (S3: after some 20 s without a byte),
 * and nothing would ever be complete.
 */
const leastUploadRate = 100_000;

/** Takes the budget out of the file; what its calendar's entries say together is checked here. */
export function readBandwidth(
  { limit, calendar, timezone, upload }: ConfigFile["bandwidth"],
  perRegistry: Readonly<Record<string, number>>,
  mistakes: Mistakes,
): Config["bandwidth"] {
  if (calendar.length > 0 && timezone === undefined)
    mistakes.add(["bandwidth", "timezone"], "is missing: a calendar needs one (write Asia/Shanghai or UTC)");
  const entries = calendar.map(({ days, from, to, limit: limitBytesPerSecond }) => ({
    days,
    fromMinute: from,
    toMinute: to,
    limitBytesPerSecond,
  }));
  checkEntries(entries, mistakes);
  if (upload !== undefined && upload < leastUploadRate)
    mistakes.add(
      ["bandwidth", "upload"],
      "is below 100kB/s, where stores break uploads off (limit: 0 pauses what is fetched)",
    );
  return {
    ...(limit === undefined ? {} : { limit }),
    calendar: entries,
    ...(timezone === undefined ? {} : { timezone }),
    ...(upload === undefined ? {} : { upload }),
    perRegistry,
  };
}

function checkEntries(entries: readonly CalendarEntry[], mistakes: Mistakes): void {
  for (const [index, entry] of entries.entries()) {
    const path = ["bandwidth", "calendar", index];
    if (entry.fromMinute === entry.toMinute)
      mistakes.add([...path, "to"], 'is the same time as from (the whole day is "00:00" to "24:00")');
    else if (entry.fromMinute === minutesPerDay)
      mistakes.add([...path, "from"], 'must be before "24:00" (which begins the next day: "00:00")');
    for (const [earlier, other] of entries.slice(0, index).entries()) {
      const minute = firstCommonMinute(other, entry);
      if (minute !== undefined)
        mistakes.add(path, `overlaps bandwidth.calendar.${earlier} from ${minuteOfWeekText(minute)} on`);
    }
  }
}

function minuteOfWeekText(minute: number): string {
  return `${nameOf(Math.floor(minute / minutesPerDay))} ${formatTimeOfDay(minute % minutesPerDay)}`;
}
