import { readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** What `turbo boundaries` cannot say: it knows our packages, not those from the registry. */

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Workspace {
  /** Relative to the root, with slashes. */
  readonly folder: string;
  readonly manifest: Manifest;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const workspaces: readonly Workspace[] = [
  ...["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${group}/${entry.name}`),
  ),
  "test",
].map((folder) => ({ folder, manifest: readManifest(folder) }));

/** Which package an SDK lives in; a name that ends in a slash stands for all packages of that scope. */
const homes: Readonly<Record<string, string>> = {
  bullmq: "packages/jobs",
  ioredis: "packages/jobs",
  "@aws-sdk/": "packages/object-store-s3",
  "@smithy/": "packages/object-store-s3",
  "ali-oss": "packages/object-store-oss",
  undici: "packages/outbound",
};

test("the workspaces are all found", () => {
  expect(workspaces.length).toBeGreaterThan(20);
});

describe("each SDK is a dependency of its one package", () => {
  test.each(Object.entries(homes))("%s of %s", (sdk, home) => {
    const users = workspaces.filter(({ manifest }) =>
      Object.keys(allDependencies(manifest)).some((name) => isPartOf(name, sdk)),
    );
    expect(users.map(({ folder }) => folder)).toEqual([home]);
  });
});

test("@layaway/testing stands in devDependencies and nowhere else", () => {
  const users = workspaces.filter(
    ({ manifest }) => "@layaway/testing" in { ...manifest.dependencies, ...manifest.peerDependencies },
  );
  expect(users.map(({ folder }) => folder)).toEqual([]);
});

test("the version of every dependency is exact", () => {
  const rootWorkspace = { folder: ".", manifest: readManifest(".") };
  const loose = [rootWorkspace, ...workspaces].flatMap(({ folder, manifest }) =>
    Object.entries(allDependencies(manifest))
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/u.test(version))
      .map(([name, version]) => `${folder}: ${name} ${version}`),
  );
  expect(loose).toEqual([]);
});

describe("sources", () => {
  const sources = workspaces.flatMap(({ folder }) => sourcesOf(folder));

  test("are all found", () => {
    expect(sources.length).toBeGreaterThan(100);
  });

  test("of one package import nothing from another's folder", () => {
    const astray = sources.flatMap(({ file, text }) =>
      relativeImports(text)
        .filter(
          (specifier) => workspaceOf(join(root, file, "..", specifier)) !== workspaceOf(join(root, file)),
        )
        .map((specifier) => `${file}: ${specifier}`),
    );
    expect(astray).toEqual([]);
  });

  test("import what others list for them, and no file of theirs", () => {
    const deep = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/from "(@layaway\/[\w-]+\/(?:src|dist)[^"]*)"/gu)].map(
        ([, specifier]) => `${file}: ${specifier}`,
      ),
    );
    expect(deep).toEqual([]);
  });

  test("read the environment and end the process only in an app's main.ts", () => {
    // Tests start servers: what is on PATH, and what a server is to inherit, is theirs to know.
    const others = sources.filter(
      ({ file }) => !/^apps\/\w+\/src\/main\.ts$/u.test(file) && !file.startsWith("packages/testing/"),
    );
    const offenders = others.filter(({ text }) => reachesForTheProcess(withoutComments(text)));
    expect(offenders.map(({ file }) => file)).toEqual([]);
  });
});

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
}

function allDependencies(manifest: Manifest): Readonly<Record<string, string>> {
  return { ...manifest.peerDependencies, ...manifest.devDependencies, ...manifest.dependencies };
}

function isPartOf(name: string, sdk: string): boolean {
  return sdk.endsWith("/") ? name.startsWith(sdk) : name === sdk || name === `@types/${sdk}`;
}

function sourcesOf(folder: string): readonly { readonly file: string; readonly text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && path.split(sep)[0] === "src")
    .map((path) => {
      const file = `${folder}/${path.split(sep).join("/")}`;
      return { file, text: readFileSync(join(root, file), "utf8") };
    });
}

function relativeImports(text: string): readonly string[] {
  return [...text.matchAll(/(?:from|import\() ?"(\.[^"]*)"/gu)].map(([, specifier = ""]) => specifier);
}

/** The folder of the workspace, two levels deep at most. */
function workspaceOf(path: string): string {
  return relative(root, path).split(sep).slice(0, 2).join("/");
}

/** A function that is given a `process` may ask that one. */
function reachesForTheProcess(text: string): boolean {
  return /\bprocess\.(env|exit|exitCode)\b/u.test(text) && !/\(process: /u.test(text);
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gmu, "");
}
