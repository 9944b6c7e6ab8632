export type { BlobReader, ReadOptions, Reserve, WindowTiming } from "./blob-reader.ts";
export { createRegistry } from "./create-registry.ts";
export type { HelperOptions } from "./credential-helper.ts";
export type { Credentials } from "./credentials.ts";
export {
  dockerCredentials,
  type DockerCredentialsOptions,
  type FindCredentials,
} from "./docker-credentials.ts";
export {
  BlobUnknownError,
  DeniedError,
  ManifestUnknownError,
  RangeIgnoredError,
  RateLimitedError,
  SourceTooSlowError,
  SourceUnavailableError,
  SourceUnusableError,
  UnauthorizedError,
} from "./errors.ts";
export type { RegistryWarning } from "./warnings.ts";
export type { Registry, RegistryOptions, ResolveOptions } from "./registry.ts";
