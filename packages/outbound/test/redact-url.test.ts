import { redactUrl } from "@layaway/outbound";
import { expect, test } from "vitest";

test.each([
  [
    "https://user:canary@example.com/v2/?X-Amz-Signature=canary&part=1#canary",
    "https://example.com/v2/?X-Amz-Signature=REDACTED&part=REDACTED",
  ],
  ["https://example.com:5000/blob?canary", "https://example.com:5000/blob?REDACTED"],
  ["https://example.com/?a=canary=canary&&b", "https://example.com/?a=REDACTED&REDACTED&REDACTED"],
  ["https://example.com", "https://example.com/"],
  ["canary", "(not a URL)"],
])("%s is told as %s", (url, told) => {
  expect(redactUrl(url)).toBe(told);
});
