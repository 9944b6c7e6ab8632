import { errorAnswer, jsonAnswer } from "./plain-answers.ts";
import type { Answer } from "./send-answer.ts";

/** One page of tags, with a Link to the next one while there are more. */
export function tagsAnswer(tags: readonly string[] | undefined, url: URL, tagsPerPage: number): Answer {
  if (tags === undefined) return errorAnswer(404, "NAME_UNKNOWN");
  const last = url.searchParams.get("last") ?? "";
  const size = Math.min(Number(url.searchParams.get("n") ?? Number.POSITIVE_INFINITY), tagsPerPage);
  const rest = tags.filter((tag) => tag > last);
  const page = rest.slice(0, size);
  const next = `${url.pathname}?n=${size}&last=${page.at(-1)}`;
  return jsonAnswer(200, { tags: page }, rest.length > page.length ? { link: `<${next}>; rel="next"` } : {});
}
