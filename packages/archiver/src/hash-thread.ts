import { Worker } from "node:worker_threads";

import { InternalError } from "@layaway/errors";

/** One SHA-256 at a time per `start`; bytes go in by reference, so they must not change before the promise settles. */
export interface RunningHash {
  update(bytes: Uint8Array): Promise<void>;
  /** Of what was taken so far, in lower-case hex. */
  prefix(): Promise<string>;
  /** Lower-case hex. Ends it. */
  digest(): Promise<string>;
  /** Ends it without a digest. */
  drop(): void;
}

/** A thread that computes SHA-256 of shared memory, while the event loop moves other bytes. */
export interface HashThread {
  start(): RunningHash;
  /** Every user closes; the last one ends the thread. */
  close(): void;
}

interface Shared {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
  users: number;
  failure: Error | undefined;
}

interface Waiting {
  readonly resolve: (hex: string) => void;
  readonly reject: (error: Error) => void;
}

interface Reply {
  readonly call: number;
  readonly hex: string;
}

// Text, because a thread has no loader for our sources; it needs nothing but Node.
const program = `
const { createHash } = require("node:crypto");
const { parentPort } = require("node:worker_threads");
const hashes = new Map();
parentPort.on("message", ({ call, hash, verb, memory, at, sizeBytes }) => {
  let running = hashes.get(hash);
  if (running === undefined) hashes.set(hash, (running = createHash("sha256")));
  if (verb === "update") running.update(new Uint8Array(memory, at, sizeBytes));
  else if (verb !== "prefix") hashes.delete(hash);
  const hexOf = { digest: () => running.digest("hex"), prefix: () => running.copy().digest("hex") };
  if (verb !== "drop") parentPort.postMessage({ call, hex: hexOf[verb]?.() ?? "" });
});
`;

let shared: Shared | undefined;
let lastCall = 0;
let lastHash = 0;

/** One thread per process, however many archives it makes: hashing is bound by the processor, and another core is often idle. */
export function openHashThread(): HashThread {
  const thread = (shared ??= startThread());
  thread.users += 1;

  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  const post = (message: object): void => thread.worker.postMessage(message);

  const ask = (message: object): Promise<string> =>
    new Promise((resolve, reject) => {
      if (thread.failure !== undefined) return reject(thread.failure);
      lastCall += 1;
      thread.waiting.set(lastCall, { resolve, reject });
      post({ call: lastCall, ...message });
    });

  return {
    start() {
      lastHash += 1;
      const hash = lastHash;
      return {
        async update({ buffer: memory, byteOffset: at, byteLength: sizeBytes }) {
          await ask({ hash, verb: "update", memory, at, sizeBytes });
        },
        prefix: () => ask({ hash, verb: "prefix" }),
        digest: () => ask({ hash, verb: "digest" }),
        drop: () => post({ call: 0, hash, verb: "drop" }),
      };
    },
    close() {
      thread.users -= 1;
      if (thread.users > 0) return;
      if (shared === thread) shared = undefined;
      void thread.worker.terminate();
    },
  };
}

function startThread(): Shared {
  const worker = new Worker(program, { eval: true, execArgv: [] });
  const thread: Shared = { worker, waiting: new Map(), users: 0, failure: undefined };
  const fail = (cause?: Error): void => {
    if (shared === thread) shared = undefined;
    thread.failure ??= new InternalError("the hashing thread ended", { cause });
    for (const { reject } of thread.waiting.values()) reject(thread.failure);
    thread.waiting.clear();
  };
  worker.on("message", ({ call, hex }: Reply) => {
    thread.waiting.get(call)?.resolve(hex);
    thread.waiting.delete(call);
  });
  worker.on("error", fail);
  worker.on("exit", () => fail());
  return thread;
}
