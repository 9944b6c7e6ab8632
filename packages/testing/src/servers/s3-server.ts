import { request } from "node:http";
// CommonJS, of which node sees no named exports.
import aws4 from "aws4";

/** A pair of keys as S3 has it. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A real S3 server on this machine. */
export interface RunningS3 {
  /** `http://127.0.0.1:PORT`; buckets in the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly keys: S3Keys;
  /** Keys of somebody the server knows, who may read and write nothing of what `keys` makes. */
  readonly strangerKeys: S3Keys;
  /** Makes a bucket that `keys` owns. */
  createBucket(name: string): Promise<void>;
  /** Ends every process and removes the data. May be called twice. */
  stop(): Promise<void>;
}

/** Makes a bucket with a request that is signed by other code than the adapter under test. */
export async function createBucket(
  server: Pick<RunningS3, "endpoint" | "region" | "keys">,
  name: string,
): Promise<void> {
  const { host, hostname, port } = new URL(server.endpoint);
  const signed = aws4.sign(
    { service: "s3", region: server.region, method: "PUT", path: `/${name}`, headers: { host } },
    server.keys,
  );
  const status = await new Promise<number>((resolve, reject) => {
    const options = { hostname, port, method: "PUT", path: `/${name}`, headers: signed.headers };
    const call = request({ ...options, agent: false, timeout: 20_000 }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
    });
    call.once("timeout", () => call.destroy(new Error("no answer within 20 s")));
    call.once("error", reject);
    call.end();
  });
  if (status !== 200) throw new Error(`PUT ${server.endpoint}/${name} answered ${status}`);
}
