import type { UploadedPart } from "@layaway/object-store";

import { digestOfParts, type OpenBlob } from "./checkpoint.ts";

/** What changes from one checkpoint of an upload to the next. */
export interface Progress {
  readonly partsDone: number;
  readonly partsDigest: string;
  readonly open: OpenBlob | undefined;
}

export type SaveCheckpoint = (progress: Progress) => Promise<void>;

/** Follows up to which part an archive is done. */
export interface Checkpointer {
  /** All bytes up to the end of this part have passed; `open` is the blob that goes on behind it. In order of the parts. */
  passed(partNumber: number, open: OpenBlob | undefined): void;
  /** The part stands in the store. Resolves when that is saved, or known to be superseded. */
  stored(part: UploadedPart): Promise<void>;
}

/** Saves one checkpoint at a time, always the newest. `standing`: what stands already, from part 1 on without a gap. */
export function createCheckpointer(
  standing: readonly UploadedPart[],
  save: SaveCheckpoint | undefined,
): Checkpointer {
  if (save === undefined) return { passed: () => {}, stored: () => Promise.resolve() };
  const openBehind = new Map<number, OpenBlob | undefined>();
  const early = new Map<number, UploadedPart>();
  const done = [...standing];
  let savedParts = done.length;
  let saving: Promise<void> | undefined;

  const saveNewest = async (): Promise<void> => {
    while (savedParts < done.length) {
      const partsDone = done.length;
      await save({ partsDone, partsDigest: digestOfParts(done), open: openBehind.get(partsDone) });
      savedParts = partsDone;
      for (const number of openBehind.keys()) if (number < partsDone) openBehind.delete(number);
    }
    saving = undefined;
  };

  return {
    passed(partNumber, open) {
      openBehind.set(partNumber, open);
    },
    async stored(part) {
      early.set(part.number, part);
      for (let next = early.get(done.length + 1); next !== undefined; next = early.get(done.length + 1)) {
        early.delete(next.number);
        done.push(next);
      }
      if (savedParts < done.length) saving ??= saveNewest();
      await saving;
    },
  };
}
