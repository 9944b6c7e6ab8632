import type { Archive } from "@layaway/ledger";
import { defaultPlatform, familiarName, formatPlatform, parseReference } from "@layaway/oci";

/** How a browser or `curl -OJ` names the file: `nginx_1.27.tar`, `nginx_1.27_linux-arm64.tar`. ASCII, no slashes or quotes. */
export function downloadFilename(archive: Pick<Archive, "image" | "platform">): string {
  const name = familiarName(parseReference(archive.image)).replace(/@sha256:([a-f0-9]{12})[a-f0-9]*$/, "_$1");
  const platform =
    archive.platform === formatPlatform(defaultPlatform) ? "" : `_${archive.platform.replaceAll("/", "-")}`;
  return `${name}${platform}.tar`.replaceAll(/[^A-Za-z0-9._-]/g, "_");
}
