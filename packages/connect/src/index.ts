export { authFiles } from "./auth-files.ts";
export { bandwidthLimits, bandwidthSchedule } from "./bandwidth-limits.ts";
export { openDestination } from "./open-destination.ts";
export { openDestinations } from "./open-destinations.ts";
export { openSource, type Source, type SourceOptions } from "./open-source.ts";
export { uploadPace } from "./upload-pace.ts";
export { readSecret } from "./read-secret.ts";
