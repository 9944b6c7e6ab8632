export type { Governor, ReserveOptions } from "./governor.ts";
export {
  createMemoryGovernor,
  type AdjustableGovernor,
  type MemoryGovernorOptions,
} from "./memory-governor.ts";
