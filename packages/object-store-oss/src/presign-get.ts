import { InvalidRequestError } from "@layaway/errors";

import { openOssClient } from "./oss-client.ts";
import type { OssPlace } from "./oss-options.ts";

/** OSS, "Include a V4 signature in a URL": x-oss-expires is at most 604800. */
const maxExpirySeconds = 7 * 24 * 3600;

/** A signed URL on the public endpoint. With temporary keys it ends with them, whatever is asked. */
export async function presignGet(
  place: OssPlace,
  key: string,
  options: { readonly expiresInSeconds: number; readonly filename?: string },
): Promise<string> {
  const { expiresInSeconds, filename } = options;
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > maxExpirySeconds) {
    throw new InvalidRequestError(`a signed URL lasts from 1 to ${maxExpirySeconds} seconds`);
  }
  const client = await openOssClient(place, place.publicEndpoint);
  const queries: Record<string, string> = {
    ...(filename === undefined ? {} : { "response-content-disposition": attachment(filename) }),
    // In bits per second.
    ...(place.downloadLimit === undefined ? {} : { "x-oss-traffic-limit": String(place.downloadLimit * 8) }),
  };
  return await client.signatureUrlV4("GET", expiresInSeconds, { queries }, place.prefix + key);
}

// RFC 6266: the plain form for everyone, the encoded one where the plain one loses something.
function attachment(filename: string): string {
  const plain = filename.replaceAll(/[^ !#-[\]-~]/gu, "_");
  const encoded = encodeURIComponent(filename).replaceAll(
    /['()*]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"${plain === filename ? "" : `; filename*=UTF-8''${encoded}`}`;
}
