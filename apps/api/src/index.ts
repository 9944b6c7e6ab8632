export type { ApiDeps, ApiDestination } from "./api-deps.ts";
export type { ArchiveAnswer, ArchiveLinks } from "./archive-answer.ts";
export type { ArchiveJobs } from "./archive-jobs.ts";
export { checkBindHost } from "./bind-host.ts";
export { createApi } from "./create-api.ts";
export { openApi, type OpenApiOptions, type RunningApi } from "./open-api.ts";
export type { Problem, ProblemDetail } from "./problem.ts";
