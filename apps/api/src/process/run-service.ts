import { errorReportOf } from "@layaway/errors";

/** What a service needs of the process it runs in. */
export interface ServiceProcess {
  on(event: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  exit(code: number): void;
  readonly stderr: { write(text: string): unknown };
}

export interface Service {
  close(): Promise<void>;
}

/** As shells have it for a process that a signal ended: 128 + SIGINT. */
const interrupted = 130;

/**
 * Opens a service and runs it until SIGTERM or SIGINT, which close it; a second signal ends the process at once.
 * What goes wrong at the start is one line on stderr and the exit status of the contract: 2 for wrong configuration, else 1.
 */
export async function runService(process: ServiceProcess, open: () => Promise<Service>): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    let signals = 0;
    const stop = (): void => {
      signals += 1;
      if (signals > 1) process.exit(interrupted);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
  try {
    const service = await open();
    await stopped;
    await service.close();
    process.exit(0);
  } catch (error) {
    const { code, message } = errorReportOf(error);
    process.stderr.write(`layaway: ${code}: ${message}\n`);
    process.exit(code === "invalid_request" ? 2 : 1);
  }
}
