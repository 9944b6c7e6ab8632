import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";

import { S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";

import { credentialsFor } from "./credentials.ts";
import { type PacedBodies, paceParts } from "./pace-parts.ts";
import type { S3StoreOptions } from "./s3-options.ts";
import { leavePartsUnsigned } from "./unsigned-payload.ts";

/**
 * The SDK's client, tamed: one attempt per call, bounded waiting, connections kept, and nothing hashed twice.
 *
 * `expectContinueHeader` would make the SDK open a connection per part and ignore `maxSockets`. Checksums are ours
 * (`part-checksums.ts`): the SDK's would come on top of hashing the body for its signature.
 */
export function createClient(
  options: S3StoreOptions,
  endpoint: string | undefined,
  pacedBodies?: PacedBodies,
): S3Client {
  const agent = { keepAlive: true, maxSockets: options.connections ?? 128 };
  const client = new S3Client({
    region: options.region ?? "us-east-1",
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: options.pathStyle ?? isForeign(endpoint),
    credentials: credentialsFor(options),
    maxAttempts: 1,
    expectContinueHeader: false,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: new NodeHttpHandler({
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent({ ...agent, ...options.tls }),
      connectionTimeout: options.connectTimeoutMs ?? 5000,
      socketTimeout: options.idleTimeoutMs ?? 30_000,
      logger: silent,
    }),
    logger: silent,
  });
  leavePartsUnsigned(client);
  if (pacedBodies !== undefined) paceParts(client, pacedBodies);
  return client;
}

// AWS and Aliyun's S3 front want the bucket in the host name; elsewhere names below the store's rarely resolve.
function isForeign(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false;
  return !/\.(?:amazonaws\.com|amazonaws\.com\.cn|aliyuncs\.com)$/u.test(new URL(endpoint).hostname);
}

const nothing = (): void => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
