import type { OutboundResponse } from "@layaway/outbound";

/** Something that users of a registry should know: its own `Warning`, or that their credentials were refused. */
export interface RegistryWarning {
  readonly registry: string;
  readonly text: string;
}

const longestWarning = 300;
const mostRemembered = 1000;

/** Tells each warning once: registries repeat theirs with every answer. */
export function onceEach(tell: (warning: RegistryWarning) => void): (warning: RegistryWarning) => void {
  const told = new Set<string>();
  return (warning) => {
    const key = `${warning.registry} ${warning.text}`;
    if (told.has(key)) return;
    if (told.size === mostRemembered) told.clear();
    told.add(key);
    tell(warning);
  };
}

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
