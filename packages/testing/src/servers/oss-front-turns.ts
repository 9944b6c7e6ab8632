import type { OssAnswer } from "./oss-front-answers.ts";
import type { Backing } from "./oss-front-backing.ts";
import type { OssRequest } from "./oss-front-request.ts";
import type { OssRefusal } from "./oss-front-signature.ts";

/** Writes that may depend on whether their key is free. */
export interface Turns {
  ifAllowed(
    request: OssRequest,
    write: () => Promise<OssAnswer | OssRefusal>,
  ): Promise<OssAnswer | OssRefusal>;
}

/**
 * Tells whether the key is free and writes, as one step, though the S3 server behind may have no such step: all writes
 * of a key through this front stand in a row.
 */
export function turnsOn(backing: Backing): Turns {
  const lastOf = new Map<string, Promise<undefined>>();

  const writeUnlessForbidden = async (
    request: OssRequest,
    write: () => Promise<OssAnswer | OssRefusal>,
  ): Promise<OssAnswer | OssRefusal> => {
    const { bucket, key, headers } = request;
    if (headers["x-oss-forbid-overwrite"] === "true") {
      const standing = await backing.call({ method: "HEAD", bucket, key });
      standing.resume();
      if (standing.statusCode === 200) return alreadyExists;
    }
    return await write();
  };

  return {
    async ifAllowed(request, write) {
      const name = `${request.bucket}/${request.key}`;
      const turn = (lastOf.get(name) ?? Promise.resolve()).then(() => writeUnlessForbidden(request, write));
      const settled = turn.then(
        () => undefined,
        () => undefined,
      );
      lastOf.set(name, settled);
      try {
        return await turn;
      } finally {
        if (lastOf.get(name) === settled) lastOf.delete(name);
      }
    },
  };
}

const alreadyExists: OssRefusal = {
  status: 409,
  code: "FileAlreadyExists",
  message: "The object you specified already exists and can not be overwritten.",
};
