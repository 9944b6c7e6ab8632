import type { OpenBlob } from "./checkpoint.ts";

/** Follows up to which part an archive is done. */
export interface Checkpointer {
  /** All bytes up to the end of this part have passed; `open` is the blob that goes on behind it. In order of the parts. */
  passed(partNumber: number, open: OpenBlob | undefined): void;
  /** The part stands in the store. Resolves when that is saved, or known to be superseded. */
  stored(partNumber: number): Promise<void>;
}

/** Saves one checkpoint at a time, always the newest. */
export function createCheckpointer(
  alreadyDone: number,
  save: ((partsDone: number, open: OpenBlob | undefined) => Promise<void>) | undefined,
): Checkpointer {
  if (save === undefined) return { passed: () => {}, stored: () => Promise.resolve() };
  const openBehind = new Map<number, OpenBlob | undefined>();
  const standing = new Set<number>();
  let partsDone = alreadyDone;
  let savedParts = alreadyDone;
  let saving: Promise<void> | undefined;

  const saveNewest = async (): Promise<void> => {
    while (savedParts < partsDone) {
      const newest = partsDone;
      await save(newest, openBehind.get(newest));
      savedParts = newest;
      for (const number of openBehind.keys()) if (number < newest) openBehind.delete(number);
    }
    saving = undefined;
  };

  return {
    passed(partNumber, open) {
      openBehind.set(partNumber, open);
    },
    async stored(partNumber) {
      standing.add(partNumber);
      while (standing.delete(partsDone + 1)) partsDone += 1;
      saving ??= saveNewest();
      await saving;
    },
  };
}
