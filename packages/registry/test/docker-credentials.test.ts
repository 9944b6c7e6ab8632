import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseReference } from "@layaway/oci";
import { expect, onTestFinished, test } from "vitest";

import { type Credentials, dockerCredentials } from "../src/index.ts";

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "layaway-credentials-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** The credentials that a config of this content gives for an image. */
async function find(
  config: object,
  image: string,
  helpers: Readonly<Record<string, string>> = {},
  timeoutMs = 10_000,
): Promise<Credentials | undefined> {
  const directory = await makeDirectory();
  const file = join(directory, "config.json");
  await writeFile(file, JSON.stringify(config));
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(directory, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }
  const env = { PATH: `${directory}:/usr/bin:/bin`, DIRECTORY: directory };
  return dockerCredentials({ files: [file], helpers: { env, timeoutMs } })(parseReference(image));
}

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString("base64") });
const basic = (username: string, password: string): Credentials => ({ kind: "basic", username, password });

test.each([
  { key: "registry.example.com", image: "registry.example.com/app" },
  { key: "https://registry.example.com", image: "registry.example.com/app" },
  { key: "https://registry.example.com/v1/", image: "registry.example.com/app" },
  { key: "registry.example.com/v2/", image: "registry.example.com/app" },
  { key: "Registry.Example.com", image: "registry.example.com/app" },
  { key: "registry.example.com:5000", image: "registry.example.com:5000/app" },
  { key: "https://index.docker.io/v1/", image: "nginx" },
  { key: "docker.io", image: "nginx" },
  { key: "registry-1.docker.io", image: "docker.io/library/nginx" },
  { key: "registry.example.com/team", image: "registry.example.com/team/app" },
])("the key $key serves $image", async ({ key, image }) => {
  expect(await find({ auths: { [key]: auth("ann:secret") } }, image)).toEqual(basic("ann", "secret"));
});

test.each([
  { key: "registry.example.com", image: "registry.example.com:5000/app" },
  { key: "registry.example.com:5000", image: "registry.example.com/app" },
  { key: "example.com", image: "registry.example.com/app" },
  { key: "registry.example.com", image: "registry.example.com.evil.test/app" },
  { key: "registry.example.com/team", image: "registry.example.com/teamwork/app" },
  { key: "https://index.docker.io/v1/", image: "registry.example.com/app" },
])("the key $key does not serve $image", async ({ key, image }) => {
  expect(await find({ auths: { [key]: auth("ann:secret") } }, image)).toBeUndefined();
});

test("the longest key that covers the repository counts", async () => {
  const auths = {
    "quay.io": auth("host:1"),
    "quay.io/team/app": auth("app:3"),
    "quay.io/team": auth("team:2"),
  };
  expect(await find({ auths }, "quay.io/team/app/web")).toEqual(basic("app", "3"));
  expect(await find({ auths }, "quay.io/team/other")).toEqual(basic("team", "2"));
  expect(await find({ auths }, "quay.io/else")).toEqual(basic("host", "1"));
});

test("a password may hold colons", async () => {
  expect(await find({ auths: { "r.test": auth("robot$a+b:p:q:") } }, "r.test/app")).toEqual(
    basic("robot$a+b", "p:q:"),
  );
});

test("identity tokens and registry tokens are told apart", async () => {
  const identity = {
    auths: { "r.test": { ...auth("00000000-0000-0000-0000-000000000000:"), identitytoken: "refresh" } },
  };
  expect(await find(identity, "r.test/app")).toEqual({ kind: "identityToken", token: "refresh" });
  const given = { auths: { "r.test": { registrytoken: "given" } } };
  expect(await find(given, "r.test/app")).toEqual({ kind: "registryToken", token: "given" });
});

test("an empty entry is none", async () => {
  expect(await find({ auths: { "r.test": {} } }, "r.test/app")).toBeUndefined();
});

test("files are looked at in order, absent ones are passed over", async () => {
  const directory = await makeDirectory();
  const [first, second] = [join(directory, "a.json"), join(directory, "b.json")];
  await writeFile(first, JSON.stringify({ auths: { "other.test": auth("x:y") } }));
  await writeFile(second, JSON.stringify({ auths: { "r.test": auth("ann:secret") } }));
  const found = dockerCredentials({ files: [join(directory, "none.json"), first, second] });
  expect(await found(parseReference("r.test/app"))).toEqual(basic("ann", "secret"));
});

test("what is given as JSON comes before the files", async () => {
  const found = dockerCredentials({
    files: [],
    json: JSON.stringify({ auths: { "r.test": auth("ann:secret") } }),
  });
  expect(await found(parseReference("r.test/app"))).toEqual(basic("ann", "secret"));
});

test.each(['{"auths": {"r.test": {"auth": "c2VjcmV0"', '{"auths": {"r.test": "c2VjcmV0"}}', '["c2VjcmV0"]'])(
  "a broken file is named, and nothing of it is shown: %s",
  async (text) => {
    const directory = await makeDirectory();
    const file = join(directory, "config.json");
    await writeFile(file, text);
    const error: unknown = await dockerCredentials({ files: [file] })(parseReference("r.test/app")).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "invalid_request" });
    expect(String(error)).toContain(file);
    expect(String(error)).not.toContain("c2VjcmV0");
  },
);

const answering = (username: string): string =>
  `cat > "$DIRECTORY/asked"; echo "$1" >> "$DIRECTORY/asked"; echo '{"ServerURL":"x","Username":"${username}","Secret":"secret"}'`;

test("the registry's own helper comes before the helper for all, which comes before what is written down", async () => {
  const config = {
    auths: { "a.test": auth("written:1"), "b.test": auth("written:1"), "c.test": auth("written:1") },
    credHelpers: { "a.test": "own" },
    credsStore: "store",
  };
  const helpers = {
    own: answering("own"),
    store: `read url; case "$url" in b.test) echo '{"Username":"store","Secret":"2"}';; *) echo "credentials not found in native keychain"; exit 1;; esac`,
  };
  expect(await find(config, "a.test/app", helpers)).toEqual(basic("own", "secret"));
  expect(await find(config, "b.test/app", helpers)).toEqual(basic("store", "2"));
  expect(await find(config, "c.test/app", helpers)).toEqual(basic("written", "1"));
});

test("a helper is asked with `get` and the server's URL on stdin", async () => {
  const asked = `input=$(cat); echo "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$input\\"}"`;
  expect(await find({ credsStore: "echo" }, "nginx", { echo: asked })).toEqual(
    basic("get", "https://index.docker.io/v1/"),
  );
  expect(await find({ credsStore: "echo" }, "r.test:5000/app", { echo: asked })).toEqual(
    basic("get", "r.test:5000"),
  );
});

test("a helper may give an identity token", async () => {
  const found = await find({ credsStore: "id" }, "r.test/app", { id: answering("<token>") });
  expect(found).toEqual({ kind: "identityToken", token: "secret" });
});

test.each([
  { what: "fails", script: "echo secret-output; echo secret-output >&2; exit 1" },
  { what: "answers with something else", script: "echo secret-output" },
  { what: "writes without end", script: "while :; do echo secret-output; done" },
])("a helper that $what is an error that shows nothing of its output", async ({ script }) => {
  const error: unknown = await find({ credsStore: "bad" }, "r.test/app", { bad: script }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "invalid_request" });
  expect(String(error)).toContain("docker-credential-bad");
  expect(String(error)).not.toContain("secret-output");
});

test("a helper that hangs is ended after its time", async () => {
  const finding = find(
    { credsStore: "slow" },
    "r.test/app",
    { slow: "sleep 60 & echo $! > $DIRECTORY/pid; wait" },
    200,
  );
  await expect(finding).rejects.toMatchObject({ code: "invalid_request" });
});

test("a helper that is not installed is named", async () => {
  await expect(find({ credsStore: "absent" }, "r.test/app")).rejects.toThrow("docker-credential-absent");
});

test.each(["../../bin/sh", "a b", "a;b", "", "A"])("a helper called %j is never run", async (name) => {
  const found = await find({ credHelpers: { "r.test": name } }, "r.test/app").catch(
    (thrown: unknown) => thrown,
  );
  if (name === "") expect(found).toBeUndefined();
  else expect(found).toMatchObject({ code: "invalid_request" });
});

test("files are read anew each time, because credentials rotate", async () => {
  const directory = await makeDirectory();
  const file = join(directory, "config.json");
  const found = dockerCredentials({ files: [file] });
  await writeFile(file, JSON.stringify({ auths: { "r.test": auth("ann:old") } }));
  expect(await found(parseReference("r.test/app"))).toEqual(basic("ann", "old"));
  await writeFile(file, (await readFile(file, "utf8")).replace(auth("ann:old").auth, auth("ann:new").auth));
  expect(await found(parseReference("r.test/app"))).toEqual(basic("ann", "new"));
});
