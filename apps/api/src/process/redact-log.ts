const secretNames = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "password",
  "passwd",
  "secret",
  "token",
  "auth",
  "identitytoken",
  "registrytoken",
  "secretaccesskey",
  "accesskeysecret",
  "sessiontoken",
  "securitytoken",
];

/** Fields of JSON that hold a secret by their name, with a text as value. */
const secretFields = new RegExp(`("(?:${secretNames.join("|")})":)"(?:[^"\\\\]|\\\\.)*"`, "gi");
const userinfo = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"\\]{1,512}@/gi;
const queryValues = /([?&][^=&\s"'#\\]{1,128}=)[^&\s"'#\\]+/g;
/** Shorter ones are prose: "basic auth". */
const schemes = /\b(Bearer|Basic) +[^\s"',\\]{8,}/gi;
const webhookSecrets = /\bwhs(ec|k)_[A-Za-z0-9+/=_-]+/g;

/**
 * Takes what may be a secret out of a line of JSON (threats.md section 5): values of telling fields, userinfo and
 * query values of URLs, credentials of `Authorization`, webhook secrets. A net below the rule that none is ever logged.
 */
export function redactLogLine(line: string): string {
  return line
    .replace(secretFields, '$1"REDACTED"')
    .replace(userinfo, "$1REDACTED@")
    .replace(queryValues, "$1REDACTED")
    .replace(schemes, "$1 REDACTED")
    .replace(webhookSecrets, "whs$1_REDACTED");
}
