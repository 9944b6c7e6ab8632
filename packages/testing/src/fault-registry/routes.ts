/** What a path of the registry names. */
export type Route =
  | { readonly kind: "ping" }
  | { readonly kind: "token" }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: string }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: string };

/** Paths that name nothing count as `ping`. */
export function routeOf(url: URL): Route {
  if (url.pathname === "/token") return { kind: "token" };
  const [, repository = "", what = "", name = ""] =
    /^\/v2\/(.+)\/(tags|manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
  switch (what) {
    case "tags":
      return { kind: "tags", repository };
    case "manifests":
      return { kind: "manifest", repository, reference: name };
    case "blobs":
      return { kind: "blob", repository, digest: name };
    default:
      return { kind: "ping" };
  }
}
