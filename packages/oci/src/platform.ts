import { InvalidRequestError } from "@layaway/errors";

/** A platform as image-spec and containerd name it, normalised (`x86_64` is `amd64`, `arm64/v8` is `arm64`). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

/** What an image is taken for unless another platform is asked for. */
export const defaultPlatform: Platform = { os: "linux", architecture: "amd64" };

/** A platform as a manifest, a config or a user writes it. */
interface WrittenPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly osVersion?: string | undefined;
}

const writtenGrammar = /^([\w.-]+)(?:\(([\w.-]+)\))?\/([\w.-]+)(?:\/([\w.-]+))?$/;
const longestPlatform = 128;

/**
 * Reads `os/architecture` or `os/architecture/variant`; Windows may have a version, `windows(10.0.20348)/amd64`, as
 * containerd writes it. Throws `InvalidRequestError`.
 */
export function parsePlatform(text: string): Platform {
  const [, os, osVersion, architecture, variant] =
    text.length > longestPlatform ? [] : (writtenGrammar.exec(text) ?? []);
  if (os === undefined || architecture === undefined) {
    const shown = JSON.stringify(text.slice(0, longestPlatform));
    throw new InvalidRequestError(`platform ${shown}: expected os/architecture, such as linux/arm64`);
  }
  return normalizePlatform({ os, architecture, variant, osVersion });
}

/** The form that `parsePlatform` reads. */
export function formatPlatform(platform: Platform): string {
  const { os, osVersion, architecture, variant } = platform;
  return `${os}${osVersion === undefined ? "" : `(${osVersion})`}/${architecture}${variant === undefined ? "" : `/${variant}`}`;
}

/**
 * Whether an image of the platform `offered` is what `wanted` asks for. Exact: nothing falls back to another architecture
 * or variant. An operating system's version counts only where one was asked for.
 */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  const [w, o] = [normalizePlatform(wanted), normalizePlatform(offered)];
  return (
    w.os === o.os &&
    w.architecture === o.architecture &&
    w.variant === o.variant &&
    (w.osVersion === undefined || w.osVersion === o.osVersion)
  );
}

/** One spelling for each platform, after containerd/platforms `database.go`. */
export function normalizePlatform(written: WrittenPlatform): Platform {
  const os = written.os.toLowerCase();
  const { architecture, variant } = normalizeArchitecture(
    written.architecture.toLowerCase(),
    (written.variant ?? "").toLowerCase(),
  );
  return {
    os: os === "macos" ? "darwin" : os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(written.osVersion === undefined || written.osVersion === "" ? {} : { osVersion: written.osVersion }),
  };
}

function normalizeArchitecture(
  architecture: string,
  variant: string,
): { architecture: string; variant: string } {
  switch (architecture) {
    case "i386":
    case "i486":
    case "i586":
    case "i686":
    case "386":
      return { architecture: "386", variant: "" };
    case "x86_64":
    case "x86-64":
    case "amd64":
      return { architecture: "amd64", variant: variant === "v1" ? "" : variant };
    case "aarch64":
    case "arm64":
      return { architecture: "arm64", variant: normalizeArm64Variant(variant) };
    case "armhf":
      return { architecture: "arm", variant: "v7" };
    case "armel":
      return { architecture: "arm", variant: "v6" };
    case "arm":
      return { architecture: "arm", variant: normalizeArmVariant(variant) };
    default:
      return { architecture, variant };
  }
}

function normalizeArm64Variant(variant: string): string {
  if (["8", "v8", "v8.0"].includes(variant)) return "";
  return ["9", "9.0", "v9.0"].includes(variant) ? "v9" : variant;
}

function normalizeArmVariant(variant: string): string {
  if (variant === "") return "v7";
  return /^[5-8]$/.test(variant) ? `v${variant}` : variant;
}
