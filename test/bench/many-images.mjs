// Many small images at the same time, in one process. Arguments: registry, endpoint, and how many images there are.
import process from "node:process";
import { setFlagsFromString } from "node:v8";

// As `layaway worker` begins.
setFlagsFromString("--semi-space-growth-factor=1");

const { archiveImage } = await import("@layaway/archiver");
const { createS3Store } = await import("@layaway/object-store-s3");
const { parseReference } = await import("@layaway/oci");
const { createOutbound } = await import("@layaway/outbound");
const { createRegistry } = await import("@layaway/registry");

const [registry, endpoint, count] = process.argv.slice(2);
const outbound = createOutbound({ egressFor: () => "operator", plainHttpFor: () => true });
const source = createRegistry({ outbound, plainHttpFor: () => true, credentialsFor: async () => undefined });
const store = createS3Store({ bucket: "bucket", prefix: "many", endpoint, checksums: "auto" });
const { signal } = new AbortController();
await Promise.all(
  Array.from({ length: Number(count) }, (_, place) =>
    archiveImage({ reference: parseReference(`${registry}/many:${place}`), source, store, signal }),
  ),
);
source.close();
await outbound.close();
await store.close();
