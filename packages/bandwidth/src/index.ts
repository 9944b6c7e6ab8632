export type { Governor, ReserveOptions } from "./governor.ts";
