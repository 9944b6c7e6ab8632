import { LineCounter, parseDocument } from "yaml";

import type { Mistakes } from "./mistakes.ts";

/** The document as plain values; a key without a value counts as absent. `undefined` where the text is not YAML. */
export function parseYaml(text: string, mistakes: Mistakes): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  // The first one only: those after it mostly follow from it. Its code and not its message, which quotes the line in
  // question, and with it any secret that stands there.
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    mistakes.add([], `line ${line}, column ${col}: not YAML (${error.code})`);
    return undefined;
  }
  try {
    return withoutEmpty(document.toJS()) ?? {};
  } catch {
    // Thrown for aliases that unfold without end.
    mistakes.add([], "not YAML (its aliases cannot be resolved)");
    return undefined;
  }
}

function withoutEmpty(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
      .filter(([, inner]) => inner !== undefined),
  );
}
