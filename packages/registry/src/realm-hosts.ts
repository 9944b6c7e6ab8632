/** By the name that references have. */
const builtIn: Readonly<Record<string, readonly string[]>> = { "docker.io": ["auth.docker.io"] };

/** Second labels under which countries give out names: `example.co.uk` is what somebody owns, not `co.uk`. */
const sharedLabels = new Set(["ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"]);

/**
 * Whether the token server of a challenge may see credentials. The registry chose it, and a wrong choice (a name that was let
 * go, an answer that somebody else wrote) would give a stranger the password. So it must be the registry's own host, or one
 * that is pinned: `pinned` is the whole list beside the own host, whose ports are all its own. Without a list a host below
 * the same owned name counts as the registry's own: GitLab's token server stands at `gitlab.com`, its registry at
 * `registry.gitlab.com`.
 *
 * Hosts in `pinned` are written with their port where it is not the default one.
 */
export function takesCredentials(
  realm: URL,
  registry: { readonly name: string; readonly url: URL; readonly pinned: readonly string[] | undefined },
): boolean {
  const own = registry.url.hostname;
  if (realm.hostname === own) return true;
  const pinned = registry.pinned ?? builtIn[registry.name];
  if (pinned !== undefined) return pinned.some((host) => isHost(realm, host));
  if (isAddress(realm.hostname) || isAddress(own)) return false;
  return `.${realm.hostname}`.endsWith(`.${ownedName(own)}`);
}

function isHost(url: URL, host: string): boolean {
  const text = `${url.protocol}//${host}`;
  return URL.canParse(text) && new URL(text).host === url.host;
}

/** The last two labels, or three below a country's shared one; the whole of a shorter name. */
function ownedName(host: string): string {
  const labels = host.split(".");
  const [second = "", top = ""] = labels.slice(-2);
  const count = top.length === 2 && sharedLabels.has(second) ? 3 : 2;
  return labels.slice(-count).join(".");
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^[\d.]+$/.test(host);
}
