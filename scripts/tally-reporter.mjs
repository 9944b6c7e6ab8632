// A vitest reporter that writes what `npm test` closes with: how many tests passed, which failed, which were skipped and why.
// Vitest's own JSON leaves out the reasons of skipped tests.
import { writeFileSync } from "node:fs";
import process from "node:process";

export default class TallyReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const tally = { passed: 0, failed: [], skipped: [] };
    for (const module of modules) {
      const file = module.relativeModuleId ?? module.moduleId;
      // A file that does not load, and a hook that fails, fail no test; their tests count as skipped.
      if (module.errors().length > 0) tally.failed.push(`${file} (does not load)`);
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) tally.failed.push(`${file} > ${suite.fullName} (a hook failed)`);
      }
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === "passed") tally.passed += 1;
        else if (state === "skipped")
          tally.skipped.push({ name: `${file} > ${test.fullName}`, reason: note });
        else tally.failed.push(`${file} > ${test.fullName}`);
      }
    }
    for (const error of unhandledErrors) tally.failed.push(`unhandled error: ${error.message}`);
    writeFileSync(process.env.LAYAWAY_TEST_TALLY, JSON.stringify(tally));
  }
}
