import { createServer, type Server } from "node:http";

import { createAuthority, type AuthOptions } from "./authority.ts";
import { createCdn, type CdnOptions } from "./cdn.ts";
import { createContents, type BlobContent, type Contents, type ManifestContent } from "./contents.ts";
import { createDispatcher } from "./dispatcher.ts";
import { createFaultScript, type Fault } from "./faults.ts";
import { createPullLimit, type PullLimitOptions } from "./pull-limit.ts";
import { createRequestLog, type LoggedRequest } from "./request-log.ts";

export interface FaultRegistryOptions {
  /** Who may read; everybody unless given. */
  readonly auth?: AuthOptions;
  /** Blobs are answered by a redirect to a second origin whose links are signed. */
  readonly cdn?: CdnOptions;
  /** Most tags on one page, whatever the client asks for. */
  readonly tagsPerPage?: number;
  /** Manifests are counted as Docker Hub does. */
  readonly pulls?: PullLimitOptions;
  /** Milliseconds; for tokens and signed links that expire. */
  readonly now?: () => number;
}

/** A registry in this process, on loopback, that misbehaves as told. */
export interface FaultRegistry {
  /** Host and port, as they stand in a reference. */
  readonly host: string;
  /** Host and port of the second origin, where there is one. */
  readonly cdnHost: string | undefined;
  /** Every request so far, in order of arrival, the second origin's and the token server's too. */
  readonly log: readonly LoggedRequest[];
  /** Stands under its digest and under the tags. Returns the digest. */
  putManifest(repository: string, manifest: ManifestContent, tags?: readonly string[]): string;
  /** Returns the digest; a lazy blob names its own. */
  putBlob(repository: string, blob: BlobContent): string;
  /** The next requests that match are answered so; faults are tried in the order they were given. */
  inject(fault: Fault): void;
  /** Tokens given so far are no longer taken. */
  revokeTokens(): void;
  /** So many manifests may be read from now on, where they are counted. */
  setRemainingPulls(pulls: number): void;
  /** Signed links given so far are no longer taken. */
  expireLinks(): void;
  /** Waits until no request is being answered: a client that was aborted has then let go of its sockets. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a registry on free ports of 127.0.0.1; `stop` ends it. */
export async function startFaultRegistry(options: FaultRegistryOptions = {}): Promise<FaultRegistry> {
  const now = options.now ?? Date.now;
  const log = createRequestLog();
  const script = createFaultScript();
  const contents: Contents = createContents();
  const servers: Server[] = [];

  const listen = async (handler: Parameters<typeof createServer>[1]): Promise<string> => {
    const server = createServer(handler);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  };

  const cdn = options.cdn === undefined ? undefined : createCdn(options.cdn, { contents, script, log, now });
  const cdnHost = cdn === undefined ? undefined : await listen(cdn.handle);
  const authority = options.auth === undefined ? undefined : createAuthority(options.auth, now);
  const pullLimit = options.pulls === undefined ? undefined : createPullLimit(options.pulls);
  const dispatch = createDispatcher({
    contents,
    script,
    log,
    authority,
    linkTo:
      cdn === undefined || cdnHost === undefined
        ? undefined
        : (blob) => `http://${cdnHost}${cdn.linkTo(blob)}`,
    pullLimit,
    tagsPerPage: options.tagsPerPage ?? Number.POSITIVE_INFINITY,
  });
  const host = await listen(dispatch);

  return {
    host,
    cdnHost,
    log: log.entries,
    putManifest: contents.putManifest,
    putBlob: contents.putBlob,
    inject: script.add,
    revokeTokens: () => authority?.revokeTokens(),
    setRemainingPulls: (pulls) => pullLimit?.setRemaining(pulls),
    expireLinks: () => cdn?.expireLinks(),
    settled: log.settled,
    async stop() {
      for (const server of servers) {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
      }
    },
  };
}
