import type { Governor } from "@layaway/bandwidth";

/** What an operator set at run time, in bytes per second; it replaces the configured limit and the calendar. */
export interface BandwidthOverride {
  /** `undefined` = unlimited, 0 = paused. */
  readonly bytesPerSecond: number | undefined;
  /** Milliseconds since 1970; absent: until it is changed. */
  readonly untilMs?: number;
}

/** The one budget of a deployment: whoever opens it on the same Redis shares it. */
export interface Bandwidth {
  readonly governor: Governor;
  /** The override in force, and the server's clock in milliseconds since 1970. */
  look(): Promise<{ readonly nowMs: number; readonly override?: BandwidthOverride }>;
  /** In force for the whole fleet within a second; `forMs` absent: until it is changed. */
  override(bytesPerSecond: number | undefined, forMs?: number): Promise<void>;
  /** Back to what is configured. */
  clearOverride(): Promise<void>;
  close(): Promise<void>;
}
