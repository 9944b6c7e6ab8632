/** Uses what must be closed, and closes it however the use ends. */
export async function closing<T extends { close(): Promise<void> }, R>(
  resource: T,
  use: (resource: T) => Promise<R>,
): Promise<R> {
  try {
    return await use(resource);
  } finally {
    await resource.close();
  }
}
