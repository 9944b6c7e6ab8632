import { type ErrorCode, errorReportOf } from "@layaway/errors";

import type { ApiDeps } from "./api-deps.ts";

export interface ReadinessCheck {
  /** `redis`, or `destination:<name>`. */
  readonly name: string;
  /** Absent where all is well. */
  readonly code?: ErrorCode;
}

/** A list tells that the store answers, takes our keys and has the bucket; a HEAD is answered 404 without a bucket too. */
const probePrefix = ".layaway/requests/";
const probeTimeoutMs = 5000;
/** `/readyz` is open to everybody, so however often it is asked, stores are asked at most this often. */
const rememberedMs = 2000;

/** Asks Redis and every destination. */
export function createReadiness(
  deps: Pick<ApiDeps, "jobs" | "destinations" | "now" | "logger">,
): () => Promise<readonly ReadinessCheck[]> {
  let last: { readonly at: number; readonly checks: Promise<readonly ReadinessCheck[]> } | undefined;
  return () => {
    const at = deps.now().getTime();
    if (last === undefined || at - last.at >= rememberedMs) last = { at, checks: checkAll(deps) };
    return last.checks;
  };
}

function checkAll(
  deps: Pick<ApiDeps, "jobs" | "destinations" | "logger">,
): Promise<readonly ReadinessCheck[]> {
  const probes = [...deps.destinations].map(async ([name, { store }]) =>
    check(`destination:${name}`, deps.logger, () =>
      store.list(probePrefix, { limit: 1, signal: AbortSignal.timeout(probeTimeoutMs) }),
    ),
  );
  return Promise.all([check("redis", deps.logger, () => deps.jobs.ping()), ...probes]);
}

async function check(
  name: string,
  logger: ApiDeps["logger"],
  ask: () => Promise<unknown>,
): Promise<ReadinessCheck> {
  try {
    await ask();
    return { name };
  } catch (error) {
    logger.warn({ err: error, check: name }, "not ready");
    return { name, code: errorReportOf(error).code };
  }
}
