import type { CalendarEntry, Config, Destination, Secret } from "./config.ts";
import { formatTimeOfDay } from "./time-of-day.ts";
import { formatDays } from "./weekdays.ts";

/** The configuration as it may be shown: plain JSON, with file names of secrets and without any secret. */
export function redactConfig(config: Config): Record<string, unknown> {
  const { destinations, registries, bandwidth, webhooks, tokens, redisUrl, proxy } = config;
  return {
    ...config,
    destinations: mapValues(destinations, redactDestination),
    registries: mapValues(registries, ({ password, ...rest }) => ({
      ...rest,
      ...(password === undefined ? {} : { password: redactSecret(password) }),
    })),
    bandwidth: { ...bandwidth, calendar: bandwidth.calendar.map(calendarWords) },
    webhooks: {
      allowHosts: webhooks.allowHosts,
      ...(webhooks.secret === undefined ? {} : { secret: redactSecret(webhooks.secret) }),
    },
    tokens: tokens.map(() => hidden),
    ...(redisUrl === undefined ? {} : { redisUrl: redactUserinfo(redisUrl) }),
    proxy: {
      ...proxy,
      ...(proxy.httpProxy === undefined ? {} : { httpProxy: redactUserinfo(proxy.httpProxy) }),
      ...(proxy.httpsProxy === undefined ? {} : { httpsProxy: redactUserinfo(proxy.httpsProxy) }),
    },
  };
}

const hidden = "(hidden)";

/** An entry as files have it. */
function calendarWords({ days, fromMinute, toMinute, limitBytesPerSecond }: CalendarEntry): unknown {
  return {
    days: formatDays(days),
    from: formatTimeOfDay(fromMinute),
    to: formatTimeOfDay(toMinute),
    limit: limitBytesPerSecond,
  };
}

function redactDestination(destination: Destination): unknown {
  if (destination.kind === "fs" || destination.credentials === undefined) return destination;
  const { accessKeyId, ...secrets } = destination.credentials;
  return { ...destination, credentials: { accessKeyId, ...mapValues(secrets, redactSecret) } };
}

function redactSecret(secret: Secret): unknown {
  switch (secret.kind) {
    case "file":
      return secret;
    case "value":
      return { kind: "value", value: hidden };
  }
}

// Also for what is no URL: a proxy may be written as user:password@host:3128.
function redactUserinfo(text: string): string {
  const withoutQuery = text.replace(/[?#].*$/u, "");
  return withoutQuery.replace(/^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*:\/\/)?.*@/u, `$<scheme>${hidden}@`);
}

function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  map: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
