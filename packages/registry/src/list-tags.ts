import type { Reference } from "@layaway/oci";
import { z } from "zod";

import type { Reserve } from "./blob-reader.ts";
import { SourceUnusableError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { nextPage } from "./link-header.ts";
import { readBody } from "./read-body.ts";

/** ECR fails for more (go-containerregistry #1091). */
const tagsPerPage = 1000;
/** Registries that ignore `n` send all tags at once; no tag has more than 128 characters. */
const maxPageBytes = 16 * 1024 * 1024;
const mostPages = 1000;

const page = z.object({ tags: z.array(z.string()).nullish() });

/** Lists a repository's tags page by page, following `Link` before `last`; stops where a page brings nothing new. */
export async function* listTags(options: {
  readonly exchange: Exchange;
  readonly reference: Pick<Reference, "registry" | "repository">;
  readonly url: URL;
  readonly reserve: Reserve | undefined;
  readonly signal: AbortSignal;
}): AsyncGenerator<string, void, undefined> {
  const { exchange, reference, reserve, signal } = options;
  const first = new URL(`${reference.repository}/tags/list`, options.url);
  first.searchParams.set("n", String(tagsPerPage));

  let lastSeen: string | undefined;
  let url: URL | undefined = first;
  for (let pages = 0; url !== undefined && pages < mostPages; pages += 1) {
    const asked: URL = url;
    const request = { reference, subject: "tags", method: "GET", url: asked, signal } as const;
    const { tags, links } = await exchange.send(request, async ({ response }) => ({
      tags: parsePage(await readBody(response, maxPageBytes, reserve, signal), reference),
      links: response.headers("link"),
    }));
    const last = tags.at(-1);
    // A registry that knows neither Link nor `last` sends the same page for ever.
    if (last === undefined || last === lastSeen) return;
    lastSeen = last;
    yield* tags;
    url = nextPage(links, asked) ?? pageAfter(first, tags, links);
  }
}

/** Without a Link a full page may have a successor. */
function pageAfter(first: URL, tags: readonly string[], links: readonly string[]): URL | undefined {
  const last = tags.at(-1);
  if (links.length > 0 || tags.length !== tagsPerPage || last === undefined) return undefined;
  const url = new URL(first);
  url.searchParams.set("last", last);
  return url;
}

function parsePage(
  bytes: Uint8Array,
  reference: Pick<Reference, "registry" | "repository">,
): readonly string[] {
  try {
    return page.parse(JSON.parse(Buffer.from(bytes).toString())).tags ?? [];
  } catch {
    throw new SourceUnusableError(
      `tags of ${reference.registry}/${reference.repository}: the answer is no list of tags`,
    );
  }
}
