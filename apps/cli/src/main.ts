import { run } from "./run.ts";

// What the AWS SDK thinks of the Node version is for our release notes, and not for every command's stderr.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const controller = new AbortController();
let interrupted = false;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // The second time the user means it: nothing is tidied up any more.
    if (interrupted) process.exit(130);
    interrupted = true;
    controller.abort(new Error(`received ${name}`));
  });
}
// A reader that goes away (`| head`) is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: controller.signal,
});
