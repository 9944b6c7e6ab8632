/** Whom bytes are moved for. Those who wait for one limit share it in proportion to their weights. */
export interface Share {
  /** The same for all that belongs together: an archive's id. */
  readonly id: string;
  /** Above 0; 1 is usual. */
  readonly weight: number;
}

/** What bytes are wanted for. */
export interface LeaseOptions {
  /** `fetch` unless given: everything that is read over the link. `upload`: what goes to object stores, where that has a limit of its own. */
  readonly direction?: "fetch" | "upload" | undefined;
  /** The registry's host, for limits per registry. */
  readonly registry?: string | undefined;
  readonly share?: Share | undefined;
  /**
   * Granted after so long in any case, and owed by those that come later: for a body that its server would break off if
   * nobody read from it.
   */
  readonly atLatestMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that may be moved now. */
export interface Lease {
  /** At least 1, at most what was asked for; about a quarter of a second's worth where a limit is in force. */
  readonly sizeBytes: number;
  /** Aborts when the limit fell so far that the rest of a lease that takes long must be asked for again. */
  readonly revoked: AbortSignal;
  /** To be called once, with the bytes that were moved: what was not moved is given back, what was moved beyond is owed. */
  end(movedBytes: number): void;
}

/**
 * Hands out bytes of the budget before they are asked for from the network; repeated and discarded bytes need a lease too.
 * In any time W at most `rate x W` + 20 ms of the rate + one lease are handed out, whoever asks.
 */
export interface Governor {
  /** Waits until bytes may be moved; throws only when `signal` aborts, with its reason. */
  lease(upToBytes: number, options?: LeaseOptions): Promise<Lease>;
  /** Bytes per second that are allowed now for fetching from a registry; `undefined` where nothing limits, 0 while paused. */
  rate(registry?: string): number | undefined;
}
