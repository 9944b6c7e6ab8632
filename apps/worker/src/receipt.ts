import type { ReceiptDetails } from "@layaway/jobs";
import type { Receipt, RequestRecord } from "@layaway/ledger";

import type { EndedArchive } from "./ended-archive.ts";

/** The receipt of an archive that ended; the same for the same arguments. */
export function receiptOf(archive: EndedArchive, request: RequestRecord, details: ReceiptDetails): Receipt {
  const { id, digest, key, size, bytes, error, startedAt, finishedAt } = archive;
  const { etag, layers } = details;
  return {
    version: 1,
    id,
    outcome: archive.state,
    request,
    ...(digest === undefined ? {} : { digest }),
    ...(key === undefined ? {} : { key }),
    ...(size === undefined ? {} : { size }),
    ...(etag === undefined ? {} : { etag }),
    ...(layers === undefined ? {} : { layers }),
    bytes,
    ...(error === undefined ? {} : { error }),
    ...(startedAt === undefined ? {} : { startedAt }),
    finishedAt,
  };
}
