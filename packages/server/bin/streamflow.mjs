#!/usr/bin/env node
import { buildWhenStale } from './build-when-stale.mjs';

buildWhenStale();
const { runCli } = await import('../dist/cli/main.js');
const exitCode = await runCli(process.argv.slice(2), process);
if (exitCode !== 0) process.exitCode = exitCode;
