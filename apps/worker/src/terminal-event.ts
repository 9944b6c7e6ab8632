import { createHash } from "node:crypto";

import type { EndedArchive } from "./ended-archive.ts";

export interface TerminalEvent {
  readonly id: string;
  readonly type: `archive.${EndedArchive["state"]}`;
  readonly timestamp: string;
  readonly data: object;
}

/** How often the archive was begun anew by its user; there is no way to do so yet. */
const generation = 1;

/**
 * What is told of an archive's end. Its id follows from the archive and the state (outbound-webhooks.md section 3), so an
 * end that is recorded twice is one event to its receiver. Links lead to the API and never hold a signature.
 */
export function terminalEvent(archive: EndedArchive, publicUrl: URL | undefined): TerminalEvent {
  const path = `/v1/archives/${archive.id}`;
  const self = publicUrl === undefined ? path : `${publicUrl.href.replace(/\/+$/, "")}${path}`;
  const hash = createHash("sha256").update(JSON.stringify([archive.id, archive.state, generation]));
  return {
    id: `evt_${hash.digest("hex").slice(0, 32)}`,
    type: `archive.${archive.state}`,
    timestamp: archive.finishedAt,
    data: { ...archive, links: { self, download: `${self}/download` } },
  };
}
