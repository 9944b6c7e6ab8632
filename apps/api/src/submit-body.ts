import { z } from "zod";

/** The body of `POST /v1/archives`; what its texts mean is checked by those who know (references, platforms, URLs). */
export interface SubmitBody {
  readonly image: string;
  readonly destination?: string;
  readonly platform?: string;
  readonly name?: string;
  readonly callbackUrl?: string;
  readonly priority: number;
  readonly labels: Readonly<Record<string, string>>;
}

const mostLabels = 32;
/** Begins with a letter or digit, so that no key is `__proto__`. */
const labelName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,62}$/);
const labelValue = z
  .string()
  .max(256)
  .regex(/^\P{Cc}*$/u);

export const submitBodySchema: z.ZodType<SubmitBody> = z
  .strictObject({
    image: z.string().meta({ examples: ["nginx:1.27", "registry.example.com/team/app@sha256:..."] }),
    destination: z.string().max(128).exactOptional().meta({ description: "A name from the configuration" }),
    platform: z
      .string()
      .max(128)
      .exactOptional()
      .meta({ description: "`linux/amd64` unless given; `all` for every one", examples: ["linux/arm64"] }),
    name: z.string().exactOptional().meta({
      description: "The name after `docker load`, where it shall be another one; the key follows from it",
    }),
    callbackUrl: z
      .string()
      .max(2048)
      .exactOptional()
      .meta({ description: "Told once the archive ended, by a signed webhook" }),
    priority: z.int().min(1).max(100).default(50).meta({ description: "1 goes first" }),
    labels: z
      .record(labelName, labelValue)
      .refine((labels) => Object.keys(labels).length <= mostLabels, `at most ${mostLabels} labels`)
      .default({}),
  })
  .meta({ id: "ArchiveRequest" });
