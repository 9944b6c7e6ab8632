import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { parseConfig } from "@layaway/config";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

describe("the README", () => {
  const examples = [...readme.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] ?? "");

  test("has an example of the configuration", () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  test.each(examples)("shows a configuration that is taken as it stands", (example) => {
    const config = parseConfig(example, {});
    expect(config.defaultDestination).toBe("models");
    expect(config.destinations).toMatchObject({
      models: { kind: "s3" },
      partner: { kind: "oss" },
      nas: { kind: "fs" },
    });
    expect(config.allowRegistries).toEqual(["registry.example.com", "docker.io", "127.0.0.1:5000"]);
    expect(config.bandwidth).toEqual({
      limit: 80e6,
      calendar: [{ days: [0, 1, 2, 3, 4], fromMinute: 9 * 60, toMinute: 19 * 60, limitBytesPerSecond: 2e6 }],
      timezone: "Asia/Shanghai",
      perRegistry: { "docker.io": 20e6 },
      upload: 40e6,
    });
  });

  test("tells of every variable of ours that the programs read", () => {
    const pages = ["README.md", "apps/api/README.md"]
      .map((page) => readFileSync(join(root, page), "utf8"))
      .join();
    const read = sources().flatMap((text) =>
      [...text.matchAll(/"(LAYAWAY_[A-Z_]+)"/g)].map((match) => match[1] ?? ""),
    );
    expect(read).toContain("LAYAWAY_TOKENS");
    expect([...new Set(read)].filter((name) => !pages.includes(`\`${name}\``))).toEqual([]);
  });
});

/** What users run; what is for tests alone reads variables of its own. */
function sources(): string[] {
  const packages = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name, "src")),
  );
  return packages
    .filter((folder) => !folder.includes("testing"))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => readFileSync(join(folder, file), "utf8")),
    );
}
