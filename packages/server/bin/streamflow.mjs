#!/usr/bin/env -S node --max-semi-space-size=64 --single-threaded-gc
// Why these: docs/decisions/0019-garbage-collection.md
import { buildWhenStale } from './build-when-stale.mjs';

buildWhenStale();
const { runCli } = await import('../dist/cli/main.js');
const exitCode = await runCli(process.argv.slice(2), process);
if (exitCode !== 0) process.exitCode = exitCode;
