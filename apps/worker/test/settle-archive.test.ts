import { InternalError } from "@layaway/errors";
import type { Receipt } from "@layaway/ledger";
import type { WebhookDelivery } from "@layaway/jobs";
import { DestinationDeniedError, DestinationUnavailableError } from "@layaway/object-store";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";

import { settleArchive } from "../src/settle-archive.ts";
import { createWorkerMetrics } from "../src/worker-metrics.ts";
import { completed, failed, record, result, silent } from "./records.ts";

const details = { etag: result.etag, layers: result.layers };

function settler(
  options: { readonly refusal?: Error; readonly publicUrl?: URL; readonly destination?: string } = {},
) {
  const registry = new Registry();
  const steps: string[] = [];
  const receipts: Receipt[] = [];
  const deliveries: WebhookDelivery[] = [];
  const ledger = {
    async writeReceipt(receipt: Receipt) {
      steps.push("receipt");
      if (options.refusal !== undefined) throw options.refusal;
      receipts.push(receipt);
    },
  };
  const jobs = {
    async enqueueWebhook(delivery: WebhookDelivery) {
      steps.push("webhook");
      deliveries.push(delivery);
    },
  };
  const ledgers = new Map([[options.destination ?? "models", ledger]]);
  const abandon = async (): Promise<void> => void steps.push("abandon");
  const deps = { abandon, jobs, ledgers, logger: silent, publicUrl: options.publicUrl };
  return {
    settle: settleArchive(deps, createWorkerMetrics("0.0.0", registry)),
    registry,
    steps,
    receipts,
    deliveries,
  };
}

describe("the end of an archive", () => {
  it("is written down with all that can be known later, then told", async () => {
    const { settle, steps, receipts } = settler();
    await settle(completed, record, details);
    expect(steps).toEqual(["receipt", "webhook"]);
    expect(receipts).toEqual([
      {
        version: 1,
        id: record.id,
        outcome: "completed",
        request: record,
        digest: completed.digest,
        key: "nginx.tar",
        size: 1000,
        etag: "e1",
        layers: result.layers,
        bytes: completed.bytes,
        startedAt: completed.startedAt,
        finishedAt: completed.finishedAt,
      },
    ]);
  });

  it("is told as a signed event about the archive", async () => {
    const { settle, deliveries } = settler({ publicUrl: new URL("https://layaway.example.com") });
    await settle(completed, record, details);
    const self = `https://layaway.example.com/v1/archives/${record.id}`;
    expect(deliveries[0]).toMatchObject({
      url: record.callbackUrl,
      eventId: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
    });
    expect(JSON.parse(deliveries[0]?.body ?? "")).toEqual({
      type: "archive.completed",
      timestamp: completed.finishedAt,
      data: { ...completed, links: { self, download: `${self}/download` } },
    });
  });

  it("is the same event, byte for byte, when it is told again; another end is another event", async () => {
    const { settle, deliveries } = settler();
    await settle(completed, record, details);
    await settle(completed, record, details);
    await settle(failed, record, {});
    const [first, again, other] = deliveries;
    expect(again).toEqual(first);
    expect(other?.eventId).not.toBe(first?.eventId);
    expect(JSON.parse(other?.body ?? "")).toMatchObject({
      type: "archive.failed",
      data: { error: { code: "manifest_unknown" } },
    });
  });

  it("is told to nobody where nobody asked", async () => {
    const { settle, steps } = settler();
    const { callbackUrl: _callbackUrl, ...quiet } = record;
    await settle(completed, quiet, details);
    expect(steps).toEqual(["receipt"]);
  });

  it("is not told before its receipt stands", async () => {
    const away = settler({ refusal: new DestinationUnavailableError("PUT: 503") });
    await expect(away.settle(failed, record, {})).rejects.toThrow(DestinationUnavailableError);
    const denied = settler({ refusal: new DestinationDeniedError("PUT: 403") });
    await expect(denied.settle(completed, record, details)).rejects.toThrow(DestinationDeniedError);
    expect([away.steps, denied.steps]).toEqual([["receipt"], ["receipt"]]);
  });

  it("is told although the destination refuses the receipt of a failure, or is gone", async () => {
    const denied = settler({ refusal: new DestinationDeniedError("PUT: 403") });
    await denied.settle(failed, record, {});
    const gone = settler({ destination: "another" });
    await gone.settle(completed, record, details);
    expect([denied.steps, gone.steps]).toEqual([["receipt", "abandon", "webhook"], ["webhook"]]);
  });

  it("is counted by state and code, with the time it took", async () => {
    const { settle, registry } = settler();
    await settle(completed, record, details);
    await settle(failed, record, {});
    const text = await registry.metrics();
    expect(text).toContain('layaway_worker_archives_total{state="completed",code=""} 1');
    expect(text).toContain('layaway_worker_archives_total{state="failed",code="manifest_unknown"} 1');
    expect(text).toContain('layaway_worker_archive_duration_seconds_sum{state="completed"} 30');
  });

  it("is no end while the archive is still running", async () => {
    const { settle, steps } = settler();
    await expect(settle({ ...completed, state: "running" }, record, details)).rejects.toThrow(InternalError);
    expect(steps).toEqual([]);
  });
});
