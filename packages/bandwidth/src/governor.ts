/** What a reservation is for. */
export interface ReserveOptions {
  /** The registry's host, for limits per registry. */
  readonly registry?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Hands out bytes of the budget before they are asked for from the network. Repeated and discarded bytes are reserved too.
 * `reserve` waits until the bytes may be moved; it throws only when `signal` aborts.
 */
export interface Governor {
  reserve(sizeBytes: number, options?: ReserveOptions): Promise<void>;
  /** Gives back bytes that were reserved and not moved. */
  refund(sizeBytes: number, options?: Pick<ReserveOptions, "registry">): void;
  /** Bytes per second that are allowed now; `undefined` where nothing limits, 0 while paused. */
  rate(registry?: string): number | undefined;
}
