import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { acceptsConnections, startProcess } from "./process.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface DockerRegistryOptions {
  /** Asks everybody for Basic authentication: `registryCredentials` opens it. */
  readonly auth?: boolean;
  /** Serves TLS with these files (PEM). */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** Debian's `docker-registry` (CNCF Distribution 2.8) on a directory of its own. */
export interface DockerRegistry {
  /** Host and port, as they stand in a reference. */
  readonly host: string;
  readonly url: string;
  /** Where the blobs lie. */
  readonly directory: string;
  readonly logFile: string;
  stop(): Promise<void>;
}

export const registryCredentials: { readonly username: string; readonly password: string } = {
  username: "someone",
  password: "beside the point",
};

/** Starts a registry on a free port of 127.0.0.1. Blobs and manifests can be deleted. Needs "docker-registry". */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const directory = await makeTempDir("registry");
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const configFile = join(directory.path, "config.yml");
  const passwordFile = join(directory.path, "htpasswd");
  await writeFile(passwordFile, `${registryCredentials.username}:${bcryptOfPassword}\n`);
  // YAML takes JSON as it is.
  await writeFile(configFile, JSON.stringify(configOf(options, host, directory.path, passwordFile)));
  const server = await startProcess({
    command: "docker-registry",
    args: ["serve", configFile],
    logFile: join(directory.path, "log"),
    ready: () => acceptsConnections(port),
  });
  return {
    host,
    url: `${options.tls === undefined ? "http" : "https"}://${host}`,
    directory: join(directory.path, "data"),
    logFile: server.logFile,
    async stop(): Promise<void> {
      await server.stop();
      await directory.remove();
    },
  };
}

// Of `registryCredentials.password`. The registry takes nothing but bcrypt, which neither Node nor a base Debian can make.
const bcryptOfPassword = "$2y$04$layawaylayawaylayawaOe7.asMvpXnRT19Hx/fop9fACS2IGWyOu";

function configOf(
  options: DockerRegistryOptions,
  host: string,
  directory: string,
  passwordFile: string,
): object {
  const { auth = false, tls } = options;
  return {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: false } },
    storage: {
      filesystem: { rootdirectory: join(directory, "data") },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: host,
      secret: "one process, one secret",
      ...(tls === undefined ? {} : { tls: { certificate: tls.certFile, key: tls.keyFile } }),
    },
    ...(auth ? { auth: { htpasswd: { realm: "layaway", path: passwordFile } } } : {}),
  };
}
