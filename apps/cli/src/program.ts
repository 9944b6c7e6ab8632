import { Command, Option } from "commander";

import { createApiClient } from "./api-client.ts";
import { bandwidth } from "./commands/bandwidth.ts";
import { showConfig } from "./commands/config.ts";
import { download } from "./commands/download.ts";
import { status } from "./commands/status.ts";
import { submit } from "./commands/submit.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

const destinationHelp = `
DESTINATION is a name from the configuration, or a URL: s3://bucket/prefix, oss://bucket/prefix, file:///dir.
Endpoint, region and path style are query parameters (?endpoint=http://127.0.0.1:9000&region=us-east-1&pathStyle=true);
credentials come from AWS_* or OSS_* variables, never from the URL.`;

/**
 * Every command with its options; usage errors end with status 2. Commands that need a registry client, an SDK or a queue
 * are loaded when they are called, because loading those takes longer than many a command.
 */
export function createProgram(terminal: Terminal): Command {
  const program = new Command("layaway")
    .description(
      "Puts container images away in object storage, as tars that docker load reads, and gets them back.",
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      // A suggestion ("Did you mean archive?") comes on a line of its own.
      outputError: (text, write) =>
        write(
          `layaway: invalid_request: ${text
            .replace(/^error: /, "")
            .trimEnd()
            .replaceAll("\n", " ")}\n`,
        ),
    });
  const command = (name: string, description: string): Command =>
    program.command(name).description(description).copyInheritedSettings(program);
  const client = () =>
    createApiClient({
      url: terminal.env["LAYAWAY_URL"] || "http://127.0.0.1:8080",
      token: terminal.env["LAYAWAY_TOKEN"] || undefined,
      signal: terminal.signal,
    });

  withSourceOptions(command("archive", "archive an image now, in this process, without queue and Redis"))
    .argument("<image>", "nginx:1.27, registry.example.com/team/app@sha256:...")
    .argument("[destination]", "where to; defaultDestination of the configuration unless given")
    .addOption(configOption())
    .option("--platform <platform>", "linux/arm64, or all for every platform (default: linux/amd64)")
    .option("--name <reference>", "the image's name after docker load, and in the object's key")
    .option("--key <key>", "the object's key below the destination's prefix (default: from name and digest)")
    .option("--limit <rate>", "bytes per second: 20MB/s")
    .option("--part-size <size>", "preferred part size: 16MiB")
    .option("--concurrency <number>", "parts in flight (default: 4)")
    .option("--overwrite", "replace another object that stands under the key")
    .option("--quiet", "no progress")
    .option("--json", "print one JSON document")
    .addHelpText("after", destinationHelp)
    .action(async (image, destination, flags) => {
      const { archive } = await import("./commands/archive.ts");
      await archive(image, destination, flags, terminal);
    });

  withSourceOptions(command("inspect", "tell what a registry knows of an image, without its layers"))
    .argument("<image>")
    .option("--raw", "the manifest's bytes as they are")
    .option("--config", "the image's config")
    .option("--platform <platform>", "linux/arm64")
    .option("--no-tags", "do not list the repository's tags")
    .option("--json", "the default; accepted for symmetry")
    .action(async (image, flags) => {
      const { inspect } = await import("./commands/inspect.ts");
      await inspect(image, flags, terminal);
    });

  for (const [name, description] of [
    ["serve", "API and worker in one process; brings its own queue where no REDIS_URL is given"],
    ["api", "the API alone; needs REDIS_URL"],
  ] as const) {
    command(name, description)
      .addOption(configOption())
      .option("--host <address>", "address to listen on", "127.0.0.1")
      .option("--port <number>", "port to listen on", "8080")
      .action(async (flags) => {
        const commands = await import("./commands/serve.ts");
        await commands[name](flags, terminal);
      });
  }
  command("worker", "a worker alone; needs REDIS_URL")
    .addOption(configOption())
    .action(async (flags) => {
      const { worker } = await import("./commands/serve.ts");
      await worker(flags, terminal);
    });

  command("submit", "queue images at a running API (LAYAWAY_URL, LAYAWAY_TOKEN)")
    .argument("<image...>")
    .option("--destination <name>", "a destination of the API's configuration")
    .option("--platform <platform>", "linux/arm64, or all")
    .option("--name <reference>", "the image's name after docker load, and in the object's key")
    .option("--callback-url <url>", "is told when the archive stands")
    .option("--priority <number>", "1 (first) to 100 (last)")
    .option(
      "--label <name=value>",
      "may be repeated",
      (value: string, list: readonly string[]) => [...list, value],
      [],
    )
    .option("--wait", "follow until it has ended; the exit status tells how")
    .option("--quiet", "no progress")
    .option("--json", "print one JSON document")
    .action((images, flags) => submit(images, flags, client(), terminal));

  command("status", "one archive, or the newest ones, of a running API")
    .argument("[id]")
    .option("--watch", "follow until it has ended")
    .option("--limit <number>", "how many", "20")
    .option("--json", "print one JSON document")
    .action((id, flags) => status(id, flags, client(), terminal));

  command("download", "get an archive's tar from a running API")
    .argument("<id>")
    .option("-o, --output <file>", "where to; - for stdout")
    .option("--quiet", "do not print the file's name")
    .action((id, flags) => download(id, flags, client(), terminal));

  command("bandwidth", "show or override the limit of a running deployment")
    .option("--set <rate>", "20MB/s, unlimited, or 0 to pause")
    .option("--for <duration>", "how long: 2h, 90m (default: until it is changed)")
    .option("--clear", "back to the configured limit")
    .option("--json", "print one JSON document")
    .action((flags) => bandwidth(flags, client(), terminal));

  command("config", "print the effective configuration, checked and redacted")
    .addOption(configOption())
    .option("--json", "as JSON instead of YAML")
    .action((flags) => showConfig(flags, terminal));

  return program;
}

function withSourceOptions(command: Command): Command {
  return command
    .option("--authfile <file>", "credentials in docker's or podman's format")
    .option("--creds <user[:password]>", "credentials for the registry")
    .option("--tls-verify <boolean>", "false: accept any certificate")
    .option("--plain-http", "speak http with the registry")
    .option("--ca <file>", "CA certificates in PEM form");
}

function configOption(): Option {
  return new Option("--config <file>", "configuration file (LAYAWAY_CONFIG)");
}
