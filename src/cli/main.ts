#!/usr/bin/env node
import { runCli } from './run-cli.js';
import { ProcessTerminal } from './terminal.js';

const code = await runCli(process.argv.slice(2), new ProcessTerminal());
// What the app's modules have opened, such as a pool of connections, would hold the process.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
