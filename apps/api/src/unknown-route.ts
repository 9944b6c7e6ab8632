import type { FastifyInstance } from "fastify";

import { HttpError } from "./http-error.ts";

/** Refuses what no route answers: 405 where the path has other methods, else 404. */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  const methodsByPattern = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const methods = methodsByPattern.get(url) ?? new Set<string>();
    for (const name of [method].flat()) methods.add(name);
    methodsByPattern.set(url, methods);
  });
  app.setNotFoundHandler((request) => {
    const path = request.url.replace(/\?.*$/s, "");
    const allowed = [...methodsByPattern]
      .filter(([pattern]) => matches(pattern, path))
      .flatMap(([, methods]) => [...methods]);
    if (allowed.length === 0)
      throw new HttpError(
        404,
        "invalid_request",
        "there is nothing at this address; /docs tells what there is",
      );
    const headers = { allow: [...new Set(allowed)].sort().join(", ") };
    throw new HttpError(405, "invalid_request", `${request.method} is not possible here`, { headers });
  });
}

/** Patterns as our routes use them: literal segments and `:name`. */
function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part.startsWith(":") || part === given[index])
  );
}
