import { SourceUnusableError } from "./errors.ts";

/**
 * Where a Bearer challenge sends us for a token. The other side chose it, so: https, or http only where the registry itself
 * is spoken to over http; no userinfo. Which addresses may be reached the outbound guard decides, on every hop.
 *
 * A foreign https host is taken, because Docker Hub, GitLab and others have their token server elsewhere. Which of them may
 * see credentials `takesCredentials` says.
 */
export function parseRealm(realm: string | undefined, registryUrl: URL): URL {
  const where = `the challenge of ${registryUrl.host}`;
  if (realm === undefined || !URL.canParse(realm))
    throw new SourceUnusableError(`${where}: its realm is no URL`);
  const url = new URL(realm);
  const mayBeHttp = registryUrl.protocol === "http:";
  if (url.protocol !== "https:" && !(url.protocol === "http:" && mayBeHttp)) {
    throw new SourceUnusableError(`${where}: its realm at ${url.host} is not https`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new SourceUnusableError(`${where}: its realm at ${url.host} holds credentials`);
  }
  return url;
}
