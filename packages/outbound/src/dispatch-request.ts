import type { Dispatcher } from "undici";

import { type BodyOptions, createResponseBody, type ResponseBody } from "./response-body.ts";

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: ResponseBody;
  /** From when the request left on a connection to the headers: what it waited for one of ours is not the server's. */
  readonly firstByteMs: number;
}

/**
 * One request through undici's dispatcher, without the stream that `request` wraps around the body: at full speed that
 * stream costs more than the bytes. Resolves with the headers; `signal` ends the request and, later, its body.
 */
export function dispatchRequest(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  options: BodyOptions,
): Promise<Answer> {
  const { signal, now } = options;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let sentAt = now();
    let body: ReturnType<typeof createResponseBody> | undefined;

    const onAbort = (): void => {
      const error = new Error("aborted", { cause: signal?.reason });
      // Where it still waits for a connection, there is nothing to end yet.
      if (controller === undefined) reject(error);
      else controller.abort(error);
    };
    const settle = (): void => signal?.removeEventListener("abort", onAbort);

    if (signal?.aborted === true) return reject(new Error("aborted", { cause: signal.reason }));
    signal?.addEventListener("abort", onAbort, { once: true });
    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        sentAt = now();
        if (signal?.aborted === true) onAbort();
      },
      onResponseStart(_controller, statusCode, headers) {
        if (statusCode < 200 || controller === undefined) return;
        body = createResponseBody(controller, options);
        resolve({ statusCode, headers, body, firstByteMs: now() - sentAt });
      },
      onResponseData(_controller, chunk) {
        body?.feed.data(chunk);
      },
      onResponseEnd() {
        settle();
        body?.feed.end();
      },
      onResponseError(_controller, error) {
        settle();
        reject(error);
        body?.feed.fail(error);
      },
    });
  });
}
