import { defineConfig } from "vitest/config";

// Packages are tested from their sources: the condition stands in each package's `exports`.
const source = {
  resolve: { conditions: ["layaway-source"] },
  ssr: { resolve: { conditions: ["layaway-source"] } },
};
const everywhere = ["packages/*/test", "apps/*/test", "test"];

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          name: "unit",
          // No test replaces modules, so the files may share them: three times as fast.
          isolate: false,
          include: everywhere.map((folder) => `${folder}/**/*.test.ts`),
          exclude: ["**/*.real.test.ts", "**/node_modules/**", "**/dist/**"],
          testTimeout: 20_000,
        },
      },
      {
        ...source,
        test: {
          name: "real",
          include: everywhere.map((folder) => `${folder}/**/*.real.test.ts`),
          exclude: ["**/node_modules/**", "**/dist/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
