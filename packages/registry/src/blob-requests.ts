import { CancelledError, LayawayError } from "@layaway/errors";
import { type Descriptor, isForeignLayer, type Reference } from "@layaway/oci";
import { type Egress, type Outbound, type OutboundResponse, requestFollowing } from "@layaway/outbound";

import { type BlobAnswerKind, blobAnswerKind, type BlobRange } from "./blob-answer.ts";
import { BlobUnknownError } from "./errors.ts";
import type { WindowTiming } from "./blob-reader.ts";
import type { Exchange } from "./exchange.ts";
import type { GuestAnswer } from "./guest.ts";
import { sourceFailure } from "./source-failure.ts";
import { watchSource } from "./watch-source.ts";

interface BlobAnswer {
  readonly kind: BlobAnswerKind;
  readonly by: WindowTiming["by"];
  readonly response: OutboundResponse;
}

/** Asks for ranges of one blob. */
export interface BlobRequests {
  /** One answer whose headers were checked; its body is unread. Throws as `Exchange.send` does, after its retries. */
  ask(range: BlobRange, signal: AbortSignal): Promise<BlobAnswer>;
  /** The next request goes to the registry: the place it sent us to does not do well. */
  forgetPlace(): void;
}

/** Where the registry sent us for a blob: a signed link to another origin, good for some minutes. */
interface Place {
  readonly url: URL;
  readonly egress: Egress | undefined;
  /** Of an anonymous token that the place itself wanted. */
  readonly authorization: string | undefined;
}

/**
 * The place that a registry redirects to serves the blob's next ranges too, without asking the registry each time. As soon
 * as it refuses or fails, the registry is asked again, which has the right to say where and whether: signed links live for
 * minutes (20 in distribution's storage drivers), images take hours.
 *
 * The place never sees the registry's Authorization: it is another origin, and S3 refuses a signed link with credentials
 * beside it. One that wants an anonymous token of its own gets that, until it refuses.
 */
export function createBlobRequests(options: {
  readonly reference: Reference;
  readonly blob: Descriptor;
  readonly url: URL;
  readonly exchange: Exchange;
  readonly outbound: Outbound;
  /** Told of every attempt that the registry or the place failed at. */
  readonly onFailure: (by: WindowTiming["by"]) => void;
}): BlobRequests {
  const { reference, blob, url, exchange, onFailure } = options;
  const outbound = watchSource(options.outbound, () => onFailure("place"));
  let place: Place | undefined;

  const answerTo = (response: OutboundResponse, range: BlobRange): BlobAnswer => {
    try {
      const by = response.url.origin === url.origin ? "registry" : "place";
      return { kind: blobAnswerKind(response, blob, range), by, response };
    } catch (error) {
      response.discard();
      throw error;
    }
  };

  const askPlace = async (
    at: Place,
    range: BlobRange,
    signal: AbortSignal,
  ): Promise<BlobAnswer | undefined> => {
    try {
      const request = {
        method: "GET",
        url: at.url,
        headers: {
          ...headersFor(range, blob),
          ...(at.authorization === undefined ? {} : { authorization: at.authorization }),
        },
        egress: at.egress,
        signal,
      };
      const { response } = await requestFollowing(outbound, request);
      if (response.status === 200 || response.status === 206) return answerTo(response, range);
      response.discard();
    } catch (error) {
      const failure = sourceFailure(error);
      if (!(failure instanceof LayawayError) || failure instanceof CancelledError) throw failure;
    }
    return undefined;
  };

  const askRegistry = (range: BlobRange, signal: AbortSignal): Promise<BlobAnswer> => {
    const request = {
      reference,
      subject: "blob",
      method: "GET",
      url,
      headers: headersFor(range, blob),
      signal,
      onFailure: () => onFailure("registry"),
    } as const;
    const answered = exchange.send(request, (followed) => {
      place = placeOf(followed, url);
      return answerTo(followed.response, range);
    });
    return answered.catch((error: unknown) => {
      throw error instanceof BlobUnknownError && isForeignLayer(blob) ? keptElsewhere(blob, error) : error;
    });
  };

  return {
    async ask(range, signal) {
      const answered = place === undefined ? undefined : await askPlace(place, range, signal);
      return answered ?? askRegistry(range, signal);
    },
    forgetPlace() {
      place = undefined;
    },
  };
}

/** Its `urls` are not followed: registries leave such layers out because they may not be distributed (image-spec `layer.md`). */
function keptElsewhere(blob: Descriptor, cause: BlobUnknownError): BlobUnknownError {
  return new BlobUnknownError(
    `${cause.message}: a foreign layer (${blob.mediaType}), which may not be distributed; the registry does not keep it, and its urls are not followed`,
    { cause },
  );
}

/** The whole blob is asked for without Range: nothing can be ignored then. */
function headersFor({ offset, length }: BlobRange, blob: Descriptor): Record<string, string> {
  const headers = { accept: "*/*", "accept-encoding": "identity" };
  return length === blob.size ? headers : { ...headers, range: `bytes=${offset}-${offset + length - 1}` };
}

function placeOf({ response, redirects, authorization }: GuestAnswer, from: URL): Place | undefined {
  const url = redirects.at(-1);
  if (url === undefined || url.origin === from.origin) return undefined;
  return { url, egress: response.egress === "influenced" ? "influenced" : undefined, authorization };
}
