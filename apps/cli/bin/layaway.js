#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

// Loading all modules lets V8's young generation grow by some 30 MiB, which it keeps and nobody needs: what is moved stands
// outside of it. Said before anything else is loaded.
setFlagsFromString("--semi-space-growth-factor=1");

await import("../dist/main.js");
