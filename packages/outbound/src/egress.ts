/**
 * How far a URL is trusted. `operator`: named in the configuration, private addresses are allowed.
 * `influenced`: chosen by a caller or by a foreign server, only public addresses over https.
 */
export type Egress = "operator" | "influenced";
