import type { Checkpoints, OpenBlob } from "@layaway/archiver";
import type { CheckpointRecord, Ledger } from "@layaway/ledger";
import { parseDigest } from "@layaway/oci";

/** Keeps an archive's checkpoint in its destination's bucket. */
export function ledgerCheckpoints(
  ledger: Pick<Ledger, "readCheckpoint" | "writeCheckpoint" | "deleteCheckpoint">,
  id: string,
): Checkpoints {
  return {
    async load(signal) {
      const record = await ledger.readCheckpoint(id, { signal });
      if (record === undefined) return undefined;
      const { version: _, open, ...rest } = record;
      return {
        ...rest,
        ...(open === undefined ? {} : { open: { ...open, digest: parseDigest(open.digest) } }),
      };
    },
    save({ open: blob, ...rest }, signal) {
      const open = blob === undefined ? undefined : recordOf(blob);
      return ledger.writeCheckpoint(
        id,
        { version: 1, ...rest, ...(open === undefined ? {} : { open }) },
        { signal },
      );
    },
    clear: (signal) => ledger.deleteCheckpoint(id, { signal }),
  };
}

/** JSON has no `undefined`. */
function recordOf({ digest, sizeBytes, state, prefix }: OpenBlob): CheckpointRecord["open"] {
  return {
    digest,
    sizeBytes,
    ...(state === undefined ? {} : { state }),
    ...(prefix === undefined ? {} : { prefix }),
  };
}
