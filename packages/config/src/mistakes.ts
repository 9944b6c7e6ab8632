import { InvalidRequestError } from "@layaway/errors";

/** Where a mistake stands, outermost first; empty for the whole text. */
type Path = readonly PropertyKey[];

/** Collects what is wrong, so that people need not mend a configuration one start at a time. */
export interface Mistakes {
  add(path: Path, what: string): void;
  /** Runs `parse`; an InvalidRequestError becomes a mistake at `path`, and the result is then `undefined`. */
  attempt<T>(path: Path, parse: () => T): T | undefined;
  /** Throws InvalidRequestError with every mistake, in one line. */
  throwIfAny(): void;
}

/** What is noted against a destination, at the setting's name below `path`. */
export interface Notes {
  readonly mistakes: Mistakes;
  readonly path: Path;
}

export function createMistakes(): Mistakes {
  const found = new Set<string>();
  const add = (path: Path, what: string): void => {
    const at = path.map(String).join(".");
    found.add(at === "" ? what : `${at}: ${what}`);
  };
  return {
    add,
    attempt: (path, parse) => {
      try {
        return parse();
      } catch (error) {
        if (!(error instanceof InvalidRequestError)) throw error;
        add(path, error.message);
        return undefined;
      }
    },
    throwIfAny: () => {
      if (found.size > 0) throw new InvalidRequestError([...found].join("; "));
    },
  };
}
