import { InternalError } from "@layaway/errors";
import type { Archive, Receipt } from "@layaway/ledger";

/** An archive that nothing happens to any more. */
export type EndedArchive = Archive & { readonly state: Receipt["outcome"]; readonly finishedAt: string };

export function endedArchive(archive: Archive): EndedArchive {
  const { state, finishedAt } = archive;
  if ((state === "completed" || state === "failed" || state === "cancelled") && finishedAt !== undefined) {
    return { ...archive, state, finishedAt };
  }
  throw new InternalError(`archive ${archive.id} is ${state}, and was said to have ended`);
}
