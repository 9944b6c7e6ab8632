import type { Checkpoints } from "@layaway/archiver";
import type { Ledger } from "@layaway/ledger";
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
    save: ({ open, ...rest }, signal) =>
      ledger.writeCheckpoint(
        id,
        { version: 1, ...rest, ...(open === undefined ? {} : { open: withoutNothing(open) }) },
        { signal },
      ),
    clear: (signal) => ledger.deleteCheckpoint(id, { signal }),
  };
}

function withoutNothing({
  digest,
  sizeBytes,
  state,
}: {
  digest: string;
  sizeBytes: number;
  state?: string | undefined;
}) {
  return { digest, sizeBytes, ...(state === undefined ? {} : { state }) };
}
