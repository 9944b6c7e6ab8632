/** A digest whose grammar was checked: `sha256:` and 64 hex digits. Only `parseDigest` and `sha256Of` make one. */
export type Digest = `sha256:${string}`;
