/** Less than this between two failures is no progress worth going on for: containers/image `body_reader.go`. */
const progressBytes = 1024 * 1024;
/** An attempt that held out this long was not refused at once: same source. */
const patienceMs = 60_000;
/** Without any progress worth the name, however long each attempt held out. */
const mostFruitless = 5;

/** Decides how often a broken body is gone on with. */
export interface ResumeBudget {
  /**
   * Told of every attempt that broke: how many bytes it brought and how long it took. Says how many attempts in a row were
   * fruitless, for the wait before the next one; `undefined` = give up.
   */
  spend(bytes: number, durationMs: number): number | undefined;
}

/**
 * Gives up when two resumes in a row each brought less than 1 MiB within 60 s, and after five attempts in a row without
 * progress in any case. Who makes progress may go on: the body's size bounds it.
 */
export function createResumeBudget(): ResumeBudget {
  let isResume = false;
  let fruitless = 0;
  let refusedResumes = 0;
  return {
    spend(bytes, durationMs) {
      if (bytes >= progressBytes) {
        fruitless = 0;
        refusedResumes = 0;
      } else {
        fruitless += 1;
        if (isResume && durationMs < patienceMs) refusedResumes += 1;
      }
      isResume = true;
      return refusedResumes >= 2 || fruitless >= mostFruitless ? undefined : fruitless;
    },
  };
}
