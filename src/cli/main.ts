#!/usr/bin/env node
import { PROGRAM } from './program.js';
import { runCli } from './run-cli.js';
import { ProcessTerminal } from './terminal.js';

const terminal = new ProcessTerminal();
// Without this, a promise that never settles would end the process with the code 13.
process.once('beforeExit', () => {
  terminal.note(`${PROGRAM}: a promise never settles. If --options exports a promise, check why it has no result.`);
  process.exit(1);
});
const code = await runCli(process.argv.slice(2), terminal);
// Something that the app's modules have opened, such as a connection pool, would keep the process alive.
terminal.end(code);
