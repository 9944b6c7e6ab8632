interface Closable {
  close(): Promise<void>;
}

/** What was opened, to be closed in reverse order. */
export interface Closing extends Closable {
  /** Returns what it was given. */
  add<T extends Closable>(resource: T): T;
}

export function createClosing(): Closing {
  const resources: Closable[] = [];
  return {
    add(resource) {
      resources.push(resource);
      return resource;
    },
    /** Closes all of them, also when one fails; then throws the first failure. */
    async close() {
      const failures: unknown[] = [];
      for (let resource = resources.pop(); resource !== undefined; resource = resources.pop()) {
        await resource.close().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
