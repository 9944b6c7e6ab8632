import { fromEnv } from "@aws-sdk/credential-provider-env";
import { fromHttp } from "@aws-sdk/credential-provider-http";
import { fromIni } from "@aws-sdk/credential-provider-ini";
import { fromTokenFile } from "@aws-sdk/credential-provider-web-identity";
import { DestinationDeniedError } from "@layaway/object-store";
import { fromInstanceMetadata } from "@smithy/credential-provider-imds";

import type { CredentialsProvider, S3Credentials, S3StoreOptions } from "./s3-options.ts";

/**
 * The keys to sign with: those given, else what AWS' tools would find, in their order.
 *
 * The SDK's own chain ends with a call to the instance metadata address, which outside of AWS hangs for seconds and asks an
 * address that Layaway never contacts unasked. Here that link is there only where the operator wants it; the links for
 * containers and web identities do nothing unless their environment variables are set.
 */
export function credentialsFor(options: S3StoreOptions): S3Credentials | CredentialsProvider {
  if (options.credentials !== undefined) return options.credentials;
  const links: readonly CredentialsProvider[] = [
    fromEnv(),
    fromIni(),
    fromTokenFile(),
    // Throws as soon as it is made where its variables are not set.
    async () => fromHttp({ timeout: 2000, maxRetries: 1 })(),
    ...(options.instanceMetadata === true ? [fromInstanceMetadata({ timeout: 2000, maxRetries: 1 })] : []),
  ];
  return async () => {
    for (const link of links) {
      try {
        return await link();
      } catch (error) {
        if (!hasNothing(error)) throw error;
      }
    }
    throw new DestinationDeniedError(
      `s3://${options.bucket}: no credentials: none were given, and none stand in the environment or below ~/.aws`,
    );
  };
}

/** Providers say so where the next one may have something; all other failures are told as they are. */
function hasNothing(error: unknown): boolean {
  return error instanceof Error && "tryNextLink" in error && error.tryNextLink === true;
}
