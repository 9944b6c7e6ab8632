#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

// Loading all modules would let V8's young generation grow to 3 x 16 MiB, which it keeps and nobody needs: what is moved
// stands outside of it. Only before anything else is loaded does this hold.
setFlagsFromString("--semi-space-growth-factor=1");

await import("../dist/main.js");
