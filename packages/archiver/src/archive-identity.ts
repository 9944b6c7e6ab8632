import type { ArchivePlan } from "@layaway/archive";
import type { ObjectInfo } from "@layaway/object-store";

const fingerprintKey = "layaway-fingerprint";

/** The metadata that every archive object carries: what it is, and which plan its bytes follow. */
export function archiveMetadata(plan: ArchivePlan): Record<string, string> {
  return { "layaway-format": "1", "layaway-digest": plan.digest, [fingerprintKey]: plan.fingerprint };
}

/** Whether the object is the archive that the plan describes. Only complete, verified archives ever become objects. */
export function isArchiveOf(object: ObjectInfo, plan: ArchivePlan): boolean {
  return object.sizeBytes === plan.sizeBytes && object.metadata[fingerprintKey] === plan.fingerprint;
}
