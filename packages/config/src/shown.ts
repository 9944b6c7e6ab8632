/** A value as messages repeat it: short, and without line breaks of its own. */
export function shown(value: string | number): string {
  return typeof value === "number" ? String(value) : JSON.stringify(value.slice(0, 40));
}
