/**
 * What a registry is shown. They are looked up by the registry's host and go nowhere else, except to the token server that
 * this registry names.
 *
 * `identityToken` is exchanged at the token server (OAuth2 refresh token); `registryToken` is sent as it is.
 */
export type Credentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "identityToken"; readonly token: string }
  | { readonly kind: "registryToken"; readonly token: string };
