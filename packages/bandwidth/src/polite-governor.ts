import type { Governor, Lease, LeaseOptions } from "./governor.ts";
import { leastRate } from "./limits.ts";
import { createMemoryGovernor } from "./memory-governor.ts";
import { createPoliteness, type SourceSign } from "./politeness.ts";

/** A governor that also listens to how the sources bear what they are asked. */
export interface PoliteGovernor extends Governor {
  observe(registry: string, sign: SourceSign): void;
}

/**
 * Every registry gets a rate of its own beside the limits of `inner`: the one that it bears. Each process of a fleet finds
 * its own; all of them feel the same source.
 */
export function createPoliteGovernor(
  inner: Governor,
  now: () => number = () => performance.now(),
): PoliteGovernor {
  const sources = new Map<string, ReturnType<typeof openSource>>();

  const openSource = (): { politeness: ReturnType<typeof createPoliteness>; governor: Governor } => {
    const politeness = createPoliteness(now);
    return { politeness, governor: createMemoryGovernor({ limits: { rateAt: () => politeness.rate() } }) };
  };
  const sourceOf = (registry: string): ReturnType<typeof openSource> => {
    const known = sources.get(registry) ?? openSource();
    sources.set(registry, known);
    return known;
  };

  return {
    observe: (registry, sign) => sourceOf(registry).politeness.observe(sign),
    async lease(upToBytes, options: LeaseOptions = {}) {
      const { registry, direction } = options;
      if (registry === undefined || direction === "upload") return inner.lease(upToBytes, options);
      const borne = await sourceOf(registry).governor.lease(upToBytes, options);
      try {
        return both(borne, await inner.lease(borne.sizeBytes, options));
      } catch (error) {
        borne.end(0);
        throw error;
      }
    },
    rate: (registry) =>
      leastRate([
        inner.rate(registry),
        registry === undefined ? undefined : sourceOf(registry).politeness.rate(),
      ]),
  };
}

/** The second lease is at most the first. */
function both(first: Lease, second: Lease): Lease {
  const revocation = new AbortController();
  const revoke = (): void => revocation.abort();
  const parts = [first, second];
  for (const { revoked } of parts) revoked.addEventListener("abort", revoke, { once: true });
  if (parts.some(({ revoked }) => revoked.aborted)) revoke();
  return {
    sizeBytes: second.sizeBytes,
    revoked: revocation.signal,
    end(movedBytes) {
      for (const part of parts) part.end(movedBytes);
    },
  };
}
