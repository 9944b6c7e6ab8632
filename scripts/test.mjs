// `npm test`: everything, on a machine that has Node and npm. Installs node modules and, where it may, the Debian packages of the
// servers; then runs the steps of `npm run check` and the tests with real servers, and closes with one line of figures.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { build, installModules, installPackages, quietTools, root } from "./prepare.mjs";

installModules();
build();
// Only now does it exist.
const { packagesByCommand } = await import("../packages/testing/dist/index.js");

const lacking = installPackages(packagesByCommand());
if (lacking.length > 0) {
  console.log(`Not installed, so some tests are skipped: ${lacking.join(" ")} (Debian package names)\n`);
}

const env = { ...process.env, ...quietTools };
const tallies = mkdtempSync(join(tmpdir(), "layaway-tally-"));
process.once("exit", () => rmSync(tallies, { recursive: true, force: true }));

const failedSteps = checkSteps().filter((step) => !stepPasses(step));
const runs = [testRun("unit"), testRun("real")];
report();

/** The steps of `npm run check`, except for the unit tests, which are counted here. */
function checkSteps() {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const steps = scripts.check.split("&&").map((step) => step.trim().replace(/^npm run /u, ""));
  return steps.filter((step) => step !== "test:unit");
}

/** Quiet where it passes; where it fails, its output is shown. */
function stepPasses(step) {
  const start = performance.now();
  const options = { cwd: root, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 };
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", step], options);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`ok      ${step} (${seconds} s)`);
    return true;
  }
  console.log(`FAILED  ${step} (${seconds} s)\n${stdout ?? ""}${stderr ?? ""}`);
  return false;
}

function testRun(project) {
  const file = join(tallies, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=./scripts/tally-reporter.mjs"];
  const { status } = spawnSync(
    join(root, "node_modules", ".bin", "vitest"),
    // Two at a time: the real servers take a core each.
    ["run", "--project", project, "--maxWorkers=2", ...reporters],
    { cwd: root, env: { ...env, LAYAWAY_TEST_TALLY: file }, stdio: ["ignore", "inherit", "inherit"] },
  );
  const tally = readTally(file);
  if (status !== 0 && tally.failed.length === 0)
    tally.failed.push(`vitest --project ${project} ended with ${status}`);
  return tally;
}

function readTally(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: ["vitest wrote no results"], skipped: [] };
  }
}

function report() {
  const passed = runs.reduce((sum, { passed: count }) => sum + count, 0);
  const failed = [...failedSteps.map((step) => `npm run ${step}`), ...runs.flatMap((run) => run.failed)];
  const skipped = runs.flatMap((run) => run.skipped);
  for (const { name, reason } of skipped)
    console.log(`skipped ${name}${reason === undefined ? "" : `: ${reason}`}`);
  for (const name of failed) console.log(`FAILED  ${name}`);
  console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
