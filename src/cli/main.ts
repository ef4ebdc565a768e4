#!/usr/bin/env node
import { runCli } from './run-cli.js';
import { ProcessTerminal } from './terminal.js';

const code = await runCli(process.argv.slice(2), new ProcessTerminal());
// Something that the app's modules have opened, such as a connection pool, would keep the process alive.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
