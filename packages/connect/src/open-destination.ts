import type { Destination, OssDestination, S3Destination } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import type { ObjectStore, Pace } from "@layaway/object-store";
import { DestinationDeniedError } from "@layaway/object-store";

import { readSecret } from "./read-secret.ts";

/**
 * The store that a destination names. Nothing is asked of it yet; only secrets are read from their files.
 * What is uploaded to S3 and OSS leaves as `pace` allows. Only the adapter that is needed is loaded: an SDK costs a quarter of a second and some 15 MiB.
 * Throws `InvalidRequestError` for a secret that cannot be read, `DestinationDeniedError` where OSS has no credentials at all.
 */
export async function openDestination(destination: Destination, pace?: Pace): Promise<ObjectStore> {
  switch (destination.kind) {
    case "s3":
      return openS3(destination, pace);
    case "oss":
      return openOss(destination, pace);
    case "fs": {
      const { createFsStore } = await import("@layaway/object-store-fs");
      return createFsStore({ directory: destination.directory });
    }
  }
}

async function openS3(destination: S3Destination, pace: Pace | undefined): Promise<ObjectStore> {
  const { createS3Store } = await import("@layaway/object-store-s3");
  const { bucket, prefix, region, endpoint, publicEndpoint, pathStyle, checksums, credentials } = destination;
  return createS3Store({
    bucket,
    prefix,
    pathStyle,
    checksums,
    pace,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    ...(credentials === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: credentials.accessKeyId,
            secretAccessKey: await readSecret(credentials.secretAccessKey, "secretAccessKeyFile"),
            ...(credentials.sessionToken === undefined
              ? {}
              : { sessionToken: await readSecret(credentials.sessionToken, "sessionTokenFile") }),
          },
        }),
  });
}

async function openOss(destination: OssDestination, pace: Pace | undefined): Promise<ObjectStore> {
  const { bucket, prefix, region, endpoint, publicEndpoint, cname, downloadLimit, pathStyle, credentials } =
    destination;
  if (credentials === undefined) {
    throw new DestinationDeniedError(
      `oss://${bucket}: no credentials (set OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET, or name them in the configuration)`,
    );
  }
  if (region === undefined) {
    throw new InvalidRequestError(`oss://${bucket}: no region (set OSS_REGION or region=oss-cn-...)`);
  }
  const { createOssStore } = await import("@layaway/object-store-oss");
  return createOssStore({
    bucket,
    prefix,
    region,
    cname,
    pathStyle,
    pace,
    ...(downloadLimit === undefined ? {} : { downloadLimit }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    credentials: {
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: await readSecret(credentials.accessKeySecret, "accessKeySecretFile"),
      ...(credentials.securityToken === undefined
        ? {}
        : { securityToken: await readSecret(credentials.securityToken, "securityTokenFile") }),
    },
  });
}
