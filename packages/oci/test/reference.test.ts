import {
  familiarName,
  formatReference,
  InvalidReferenceError,
  parseReference,
  type Reference,
} from "@layaway/oci";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { thrownBy, throwsOnlyOurs } from "./thrown-by.ts";

const hex = "a".repeat(64);
const digest = `sha256:${hex}` as const;

describe("parseReference", () => {
  it.each([
    ["nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.27", "docker.io/library/nginx:1.27"],
    ["docker://nginx:1.27", "docker.io/library/nginx:1.27"],
    ["grafana/grafana", "docker.io/grafana/grafana:latest"],
    ["docker.io/nginx", "docker.io/library/nginx:latest"],
    ["docker.io/library/nginx", "docker.io/library/nginx:latest"],
    ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
    ["registry-1.docker.io/grafana/grafana:11", "docker.io/grafana/grafana:11"],
    ["localhost/x", "localhost/x:latest"],
    ["localhost:5000/x", "localhost:5000/x:latest"],
    ["localhost:5000", "docker.io/library/localhost:5000"],
    ["registry.example.com/team/app", "registry.example.com/team/app:latest"],
    ["Registry.Example.COM/team/app", "registry.example.com/team/app:latest"],
    ["127.0.0.1:5000/a/b/c:v1", "127.0.0.1:5000/a/b/c:v1"],
    ["[::1]:5000/x", "[::1]:5000/x:latest"],
    ["[2001:DB8::1]/x:1", "[2001:db8::1]/x:1"],
    ["host:5000/a/b:tag", "host:5000/a/b:tag"],
    ["a/b__c/d-e--f.g_h", "docker.io/a/b__c/d-e--f.g_h:latest"],
    [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
    [`host:5000/a/b:tag@${digest}`, `host:5000/a/b:tag@${digest}`],
    [`${hex}:tag`, `docker.io/library/${hex}:tag`],
  ])("reads %s as %s", (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  it("takes `latest` only where neither tag nor digest is given", () => {
    expect(parseReference("nginx").tag).toBe("latest");
    expect(parseReference(`nginx@${digest}`)).toEqual({
      registry: "docker.io",
      repository: "library/nginx",
      digest,
    });
  });

  it.each([
    ["", "empty"],
    ["docker://", "empty"],
    ["https://registry.example.com/app", "scheme"],
    [hex, "image id"],
    ["MyOrg/app", "lower case"],
    ["registry.example.com/Team/app", "lower case"],
    ["nginx:", "tag"],
    ["nginx:.x", "tag"],
    [`nginx:${"t".repeat(129)}`, "tag"],
    ["nginx:a:b", "tag"],
    ["nginx@", "no digest"],
    ["nginx@latest", "no digest"],
    [`nginx@sha512:${"a".repeat(128)}`, "only sha256"],
    [`nginx@sha256:${"a".repeat(63)}`, "only sha256"],
    [`nginx@sha256:${"A".repeat(64)}`, "only sha256"],
    [`nginx@${digest}@${digest}`, "no digest"],
    ["registry.example.com/", "repository is missing"],
    ["/nginx", "separators"],
    ["nginx/", "separators"],
    ["a//b", "separators"],
    ["a/../b", "separators"],
    ["a/-b", "separators"],
    ["a___b/c", "separators"],
    ["nginx 1", "separators"],
    ["nginx\n", "separators"],
    ["ngi\u0131x", "separators"],
    ["-host.example.com/x", "no host name"],
    ["host.example.com:/x", "no host name"],
    ["host.example.com:0/x", "port"],
    ["host.example.com:65536/x", "port"],
    ["[::1/x", "no host name"],
    [`host.example.com/${"a".repeat(239)}`, "255"],
  ])("refuses %j: %s", (text, _why) => {
    expect(() => parseReference(text)).toThrow(InvalidReferenceError);
  });

  it("refuses endless text without repeating it", () => {
    const error = thrownBy(() => parseReference("a".repeat(100_000)));
    expect(error).toBeInstanceOf(InvalidReferenceError);
    expect(error?.message.length).toBeLessThan(400);
  });

  it("takes a name of 255 characters", () => {
    const repository = "a".repeat(238);
    expect(parseReference(`host.example.com/${repository}`).repository).toBe(repository);
  });

  it.each([
    "robot:canary@host.example.com/app",
    "docker://robot:canary@host.example.com/app:1",
    "robot:can@canary@host.example.com/app",
    `robot:canary@host.example.com/app@${digest}`,
    "https://robot:canary@host.example.com/app",
    "robot:canary@localhost",
  ])("never shows a password: %s", (text) => {
    const error = thrownBy(() => parseReference(text));
    expect(error).toBeInstanceOf(InvalidReferenceError);
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      expect(`${cause.message} ${cause.stack}`).not.toContain("canary");
    }
  });

  it("throws nothing but its own error, in one line, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary-ascii" }), fc.stringMatching(/^[a-zA-Z0-9.:/@_[\]-]*$/)),
        (text) => throwsOnlyOurs(() => parseReference(text)),
      ),
    );
  });
});

describe("formatReference and familiarName", () => {
  it.each([
    ["nginx:1.27", "nginx:1.27"],
    ["grafana/grafana", "grafana/grafana:latest"],
    ["registry.example.com/team/app:1", "registry.example.com/team/app:1"],
    ["docker.io/library/a/b:1", "library/a/b:1"],
    ["docker.io/localhost/x:1", "docker.io/localhost/x:1"],
    ["docker.io/a.b/x:1", "docker.io/a.b/x:1"],
    [`docker.io/library/${hex}:1`, `docker.io/library/${hex}:1`],
    [`nginx:1.27@${digest}`, `nginx:1.27@${digest}`],
  ])("shows %s as docker does: %s", (text, familiar) => {
    expect(familiarName(parseReference(text))).toBe(familiar);
  });

  it("are read back as the same reference", () => {
    fc.assert(
      fc.property(references, (reference) => {
        expect(parseReference(formatReference(reference))).toEqual(reference);
        expect(parseReference(familiarName(reference))).toEqual(reference);
      }),
    );
  });
});

const component = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
const references = fc
  .tuple(
    fc.oneof(
      fc.constantFrom("docker.io", "localhost", "localhost:5000", "[::1]:5000", "127.0.0.1"),
      fc.stringMatching(/^[a-z0-9]{1,5}(-[a-z0-9]{1,3})?\.[a-z]{2,5}(:[1-9][0-9]{0,3})?$/),
    ),
    fc.array(fc.oneof(component, fc.constantFrom("library", "localhost", hex)), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/),
    fc.constantFrom("tag", "digest", "both"),
  )
  .map(([registry, path, tag, kind]): Reference => {
    const onHub = registry === "docker.io" && path.length === 1;
    return {
      registry,
      repository: [...(onHub ? ["library"] : []), ...path].join("/"),
      ...(kind === "digest" ? {} : { tag }),
      ...(kind === "tag" ? {} : { digest }),
    };
  });
