/** What a request asks for. `cdn` is a blob at the second origin. */
export type RequestKind = "ping" | "token" | "manifest" | "blob" | "tags" | "cdn";

/** How an answer goes wrong; the fields combine. Positions count bytes of the answer's body. */
export interface Misbehaviour {
  /** Answered with this instead of the content. `body` unless HEAD. */
  readonly status?: number;
  readonly body?: string | Uint8Array;
  /** Set on top of the usual ones; `undefined` takes one away. Names in lower case. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** 200 and the whole content, whatever Range asks for. */
  readonly ignoreRange?: boolean;
  /** `chunked` looks like success wherever it ends; `close` leaves the end to the end of the connection. */
  readonly framing?: "length" | "chunked" | "close";
  /** The body ends after so many bytes: as cleanly as its framing allows. */
  readonly truncateAfter?: number;
  /** The connection is reset after so many bytes of the body. */
  readonly resetAfter?: number;
  /** Nothing more comes after so many bytes of the body; `headers` = not even the headers. */
  readonly stallAfter?: number | "headers";
  /** One bit of this byte of the body is turned. */
  readonly flipAt?: number;
  /** The body comes in pieces of so many bytes, with a pause before each. */
  readonly drip?: { readonly bytes: number; readonly everyMs: number };
  /** The connection is reset where the reader takes nothing for so long. */
  readonly dropSlowReaderAfterMs?: number;
  /** So many bytes come after the content's end. */
  readonly extraBytes?: number;
  /** Held back until this settles. */
  readonly until?: Promise<unknown>;
}

/** Which requests go wrong, how often, and how. */
export interface Fault extends Misbehaviour {
  readonly on: RequestKind;
  readonly method?: string;
  /** Only requests whose path, query included, matches. */
  readonly path?: RegExp;
  /** How many requests it takes; 1 unless given. */
  readonly times?: number;
  /** So many matching requests pass first. */
  readonly after?: number;
}

export interface FaultScript {
  readonly add: (fault: Fault) => void;
  /** The misbehaviour due for this request, if any; it counts as used. */
  take(request: { readonly kind: RequestKind; readonly method: string; readonly path: string }): Misbehaviour;
}

export function createFaultScript(): FaultScript {
  const pending: { fault: Fault; passing: number; left: number }[] = [];
  return {
    add(fault) {
      pending.push({ fault, passing: fault.after ?? 0, left: fault.times ?? 1 });
    },
    take({ kind, method, path }) {
      for (const entry of pending) {
        const { fault } = entry;
        if (entry.left === 0 || fault.on !== kind) continue;
        if (fault.method !== undefined && fault.method !== method) continue;
        if (fault.path !== undefined && !fault.path.test(path)) continue;
        if (entry.passing > 0) {
          entry.passing -= 1;
          continue;
        }
        entry.left -= 1;
        return fault;
      }
      return {};
    },
  };
}
