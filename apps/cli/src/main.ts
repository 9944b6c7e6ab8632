import { createInterruption } from "./interruption.ts";
import { run } from "./run.ts";

// What the AWS SDK thinks of the Node version is for our release notes, and not for every command's stderr.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const { signal, interrupt } = createInterruption({
  stderr: process.stderr,
  exit: (status) => process.exit(status),
});
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => interrupt(name));
// A reader that goes away (`| head`) is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`layaway: internal: stdout: ${error.message}\n`);
  process.exit(1);
});
// Nobody reads the progress any more: no reason to drop the work, and its upload with it.
process.stderr.on("error", () => {});

const status = await run(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal,
});
// The command has ended: no timer and no connection of a library may keep its process, once all that was written is out.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write("", () => resolve()));
}
process.exit(status);
