export type {
  Config,
  Destination,
  FsDestination,
  OssDestination,
  RegistryEntry,
  S3Destination,
  Secret,
} from "./config.ts";
