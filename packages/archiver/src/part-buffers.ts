/** Buffers of one archive. */
export interface PartBuffers {
  readonly buffers: readonly Uint8Array[];
  /** Gives them to the archives that follow; only where nobody can be reading or writing them any more. */
  giveBack(): void;
}

/** Those of two archives of the usual size: what a worker makes at a time unless it is told otherwise. */
const mostIdle = 10;
const idle: Buffer[] = [];

/**
 * `count` buffers of at least `sizeBytes`. `shared`: of shared memory, which the hashing thread sees without a copy. V8 does not
 * count shared memory against its heap, and collects it late: so the buffers of an archive that is done serve the next ones.
 */
export function takePartBuffers(count: number, sizeBytes: number, shared: boolean): PartBuffers {
  if (!shared) {
    return {
      buffers: Array.from({ length: count }, () => Buffer.allocUnsafeSlow(sizeBytes)),
      giveBack: () => {},
    };
  }
  const buffers = Array.from({ length: count }, () => {
    const at = idle.findIndex((buffer) => buffer.length >= sizeBytes);
    const [found] = at === -1 ? [] : idle.splice(at, 1);
    return found ?? Buffer.from(new SharedArrayBuffer(sizeBytes));
  });
  return {
    buffers,
    giveBack() {
      idle.push(...buffers);
      idle.sort((a, b) => b.length - a.length).length = Math.min(idle.length, mostIdle);
    },
  };
}
