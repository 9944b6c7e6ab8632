/** Something that others wait for until it is opened, once. */
export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function createGate(): Gate {
  const listener = new AbortController();
  const opened = new Promise<void>((resolve) => {
    listener.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return { opened, open: () => listener.abort() };
}
