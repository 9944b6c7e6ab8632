export type { Governor, Lease, LeaseOptions, Share } from "./governor.ts";
export { leaseBytesAt } from "./lease-size.ts";
export { createLeases, type Leases } from "./leases.ts";
export { bucketRate, bucketsOf, leastRate, type Limits } from "./limits.ts";
export { createMemoryGovernor, type MemoryGovernorOptions } from "./memory-governor.ts";
export { createPoliteGovernor, type PoliteGovernor } from "./polite-governor.ts";
export type { SourceSign } from "./politeness.ts";
export { burstSeconds } from "./bucket.ts";
