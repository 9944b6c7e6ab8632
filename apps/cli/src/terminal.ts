/** What a command may use of the process it runs in; `main.ts` fills it, tests fill it otherwise. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
}
