import { ObjectConflictError } from "@layaway/object-store";
import type { CallOptions } from "@layaway/object-store";

import { headObject } from "./head-object.ts";
import type { S3Context } from "./s3-context.ts";
import { failureOf } from "./s3-failure.ts";

/** What makes a write succeed only where the key is free. */
export interface Condition {
  readonly IfNoneMatch?: "*";
}

/**
 * The second line beside `If-None-Match: *`, which alone would do on AWS: Ceph 16 passes over it on completions, Swift 2.30
 * refuses it on puts. A look just before leaves a gap, but a small one.
 */
export async function refuseTaken(
  context: S3Context,
  { key, what, signal }: CallOptions & { readonly key: string; readonly what: string },
): Promise<void> {
  if ((await headObject(context, key, { signal })) !== undefined) {
    throw new ObjectConflictError(`${what}: an object stands there already`);
  }
}

/** Sends with the condition, and again without where the store says that it does not know such a thing. */
export async function whereKnown<T>(
  condition: Condition,
  send: (condition: Condition) => Promise<T>,
): Promise<T> {
  try {
    return await send(condition);
  } catch (error) {
    if (condition.IfNoneMatch === undefined || failureOf(error).status !== 501) throw error;
    return await send({});
  }
}
