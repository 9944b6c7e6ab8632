import type { ObjectStore } from "../object-store.ts";

/** A store that was opened for the suite, and how to give it back. */
export interface OpenStore {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

/** What differs between stores that all keep the contract. */
export interface StoreFeatures {
  /**
   * `atomic`: of two completions of one free key at the same instant, one is refused. `checked`: the server has no such
   * condition, and the adapter looks just before, which leaves a gap.
   */
  readonly conditionalCompletion: "atomic" | "checked";
  /** The same for `put` with `ifAbsent`. */
  readonly conditionalPut: "atomic" | "checked";
  /** Whether a completion with a part (not the last) below `limits.minPartBytes` is refused. */
  readonly refusesSmallParts: boolean;
  /** Whether `presignGet` gives URLs; else it gives undefined. */
  readonly presign: boolean;
}

export interface ObjectStoreConformance {
  readonly name: string;
  readonly features: StoreFeatures;
  readonly open: () => Promise<OpenStore>;
  /** Opens a store whose bucket or directory is not there. */
  readonly openMissing?: () => Promise<OpenStore>;
  /** Opens a store with wrong keys, or one that may not be written. */
  readonly openDenied?: () => Promise<OpenStore>;
}

/** What the parts of the suite work with. */
export interface StoreUnderTest {
  readonly features: StoreFeatures;
  store(): ObjectStore;
  /** A key that no other test uses, ending in `name`. */
  key(name: string): string;
}
