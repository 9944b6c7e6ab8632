import { errorAnswer } from "./plain-answers.ts";
import type { Answer } from "./send-answer.ts";

export interface PullLimitOptions {
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
}

/** Counts manifests that are read by GET, as Docker Hub does, and tells how many are left. */
export interface PullLimit {
  /** The answer to a manifest request, counted and with the figures; 429 where nothing is left. */
  counted(method: string, answer: Answer): Answer;
  setRemaining(pulls: number): void;
}

export function createPullLimit({ limit, windowSeconds, ...options }: PullLimitOptions): PullLimit {
  let { remaining } = options;
  return {
    counted(method, answer) {
      const isRefused = method === "GET" && remaining === 0;
      if (method === "GET" && remaining > 0) remaining -= 1;
      const figures = {
        "ratelimit-limit": `${limit};w=${windowSeconds}`,
        "ratelimit-remaining": `${remaining};w=${windowSeconds}`,
      };
      return isRefused
        ? errorAnswer(429, "TOOMANYREQUESTS", figures)
        : { ...answer, headers: { ...answer.headers, ...figures } };
    },
    setRemaining(pulls) {
      remaining = pulls;
    },
  };
}
