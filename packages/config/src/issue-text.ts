import type { Issues } from "./file-schema.ts";
import type { Mistakes } from "./mistakes.ts";

/** Tells zod's findings in our words. Values of the file are never repeated: they may be secrets in the wrong place. */
export function addIssues(issues: Issues, mistakes: Mistakes): void {
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) mistakes.add([...issue.path, key], hintFor(key));
    } else {
      mistakes.add(issue.path, textOf(issue));
    }
  }
}

function hintFor(key: string): string {
  if (/^(?:password|secret|secretAccessKey|sessionToken|accessKeySecret|securityToken)$/u.test(key)) {
    return `unknown key; secrets stand in files of their own, name one with ${key}File`;
  }
  return "unknown key";
}

function textOf(issue: Issues[number]): string {
  switch (issue.code) {
    case "invalid_type":
      // An error text of the schema's own stands in `message`; zod's texts begin with these words.
      if (!issue.message.startsWith("Invalid input")) return issue.message;
      return issue.input === undefined ? "is missing" : `must be ${words[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    case "invalid_union":
      if (!issue.message.startsWith("Invalid input")) return issue.message;
      return issue.input === undefined ? "is missing" : "must be a text or a number";
    case "too_small":
      return issue.origin === "string" ? "is empty" : `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "custom":
    case "invalid_format":
    case "unrecognized_keys":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
      return issue.message;
  }
}

const words: Readonly<Record<string, string>> = {
  string: "a text (put numbers in quotes)",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};
