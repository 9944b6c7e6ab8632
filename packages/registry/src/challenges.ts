/** One challenge of a `WWW-Authenticate` header; scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const longestHeader = 16 * 1024;
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameterAt = new RegExp(
  `[\\s,]*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}(?:[/:][^\\s,"]*)?))`,
  "y",
);
const schemeAt = new RegExp(`[\\s,]*(${token})(?:\\s+|\\s*(?=,|$))`, "y");

/**
 * Reads the challenges of RFC 9110, section 11.6.1: several may stand in one header or in several, with quoted strings and
 * any letter case. What follows something unreadable is left out.
 */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers.flatMap((header) => challengesOf(header.slice(0, longestHeader)));
}

function challengesOf(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  while (at < header.length) {
    const parameter = matchAt(parameterAt, header, at);
    const current = challenges.at(-1);
    if (parameter !== undefined && current !== undefined) {
      const [text, name = "", quoted, plain = ""] = parameter;
      const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1");
      const key = name.toLowerCase();
      if (!current.parameters.has(key)) current.parameters.set(key, value);
      at += text.length;
      continue;
    }
    const scheme = matchAt(schemeAt, header, at);
    if (scheme === undefined) break;
    challenges.push({ scheme: (scheme[1] ?? "").toLowerCase(), parameters: new Map() });
    at += scheme[0].length;
  }
  return challenges;
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}
