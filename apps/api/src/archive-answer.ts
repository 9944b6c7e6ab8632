import type { Archive } from "@layaway/ledger";
import { z } from "zod";

import { errorCodes } from "./problem.ts";

export interface ArchiveLinks {
  readonly self: string;
  /** Answers 409 until the archive is completed. */
  readonly download: string;
}

/** An archive as callers see it. */
export interface ArchiveAnswer extends Archive {
  readonly links: ArchiveLinks;
}

/** With links below `publicUrl`, or relative ones. */
export function archiveAnswer(archive: Archive, publicUrl: URL | undefined): ArchiveAnswer {
  const path = `/v1/archives/${encodeURIComponent(archive.id)}`;
  const self = publicUrl === undefined ? path : `${publicUrl.href.replace(/\/+$/, "")}${path}`;
  return { ...archive, links: { self, download: `${self}/download` } };
}

const bytes = z.number().int().min(0);
const time = z.iso.datetime();

/** What is not listed here is not shown. */
export const archiveAnswerSchema: z.ZodType<ArchiveAnswer> = z
  .object({
    id: z.string(),
    state: z.enum(["queued", "running", "waiting", "completed", "failed", "cancelled"]).meta({
      description: "`waiting`: told to come back later, by a registry's 429 for instance",
    }),
    image: z.string().meta({ description: "As it was given" }),
    digest: z.string().exactOptional().meta({ description: "Of the manifest or index that was archived" }),
    platform: z.string(),
    destination: z.string(),
    key: z.string().exactOptional().meta({ description: "Below the destination's prefix" }),
    size: bytes.exactOptional().meta({ description: "Of the archive, in bytes" }),
    bytes: z.object({ total: bytes, done: bytes, fetched: bytes, reused: bytes }),
    rate: z.number().exactOptional().meta({ description: "Bytes per second, lately" }),
    etaMs: z.number().exactOptional(),
    error: z
      .object({
        code: z.enum(errorCodes),
        message: z.string(),
        side: z.enum(["source", "destination", "internal"]),
        retryable: z.boolean(),
      })
      .exactOptional(),
    labels: z.record(z.string(), z.string()),
    createdAt: time,
    startedAt: time.exactOptional(),
    finishedAt: time.exactOptional(),
    links: z.object({ self: z.string(), download: z.string() }),
  })
  .meta({ id: "Archive" });
