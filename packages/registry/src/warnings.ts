import type { OutboundResponse } from "@layaway/outbound";

const longestWarning = 300;

/** The texts of `Warning: 299 - "text"` headers: distribution-spec "Warnings". */
export function warningsOf(response: OutboundResponse): readonly string[] {
  return response.headers("warning").flatMap((header) => {
    const text = /^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(header)?.[1];
    if (text === undefined) return [];
    // Other people's text for a log line: no control characters, no escape sequences for a terminal.
    return [
      text
        .replace(/\\(.)/g, "$1")
        .replace(/\p{Cc}/gu, " ")
        .slice(0, longestWarning),
    ];
  });
}
