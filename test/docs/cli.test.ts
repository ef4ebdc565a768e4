import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commands/index.js';
import { OptionsFile, cliProcess, type CliRun } from '../support/cli.js';
import { NestApps } from '../support/nest-app.js';
import { openPreviousStore, storeSession } from '../support/previous-stores.js';
import { readPage } from '../support/markdown.js';

const CALL = /^\$ npx smart-session (.*)\n/;
const page = readPage('docs/cli.md');
const shown = page.blocks
  .filter(({ text }) => CALL.test(text))
  .map(({ text }) => ({ line: CALL.exec(text)![1]!, output: text.replace(CALL, '') }));

/** The key of the examples with encryption, which all other examples do without. */
const KEY = Buffer.from(Array.from({ length: 32 }, (_, n) => n)).toString('base64');

/** The app of the example of `init`. */
const PACKAGES = [
  '@nestjs/config',
  '@mikro-orm/nestjs',
  '@mikro-orm/core',
  '@mikro-orm/postgresql',
  '@mikro-orm/cli',
  'nestjs-smart-session',
  'express-session',
];
const FILES = {
  'src/mikro-orm.config.ts': '',
  '.env': 'DATABASE_URL=postgresql://localhost/shop\n',
  '.gitignore': 'dist\nnode_modules\n',
};

/** Dates, clocks and versions are not the same twice, and sessions that were imported together not in the same order. */
const lasting = (text: string) =>
  text
    .replaceAll(/\d+ ms (?:ahead of|behind) this machine/g, '(a difference)')
    .replaceAll(/sqlite \d[\d.]+\d/g, '(a version)')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '(a date)')
    .split('\n')
    .toSorted();

describe('docs/cli.md', () => {
  let file: OptionsFile;
  let encrypting: OptionsFile;
  let apps: NestApps;
  const runs = new Map<string, CliRun>();

  /** `init` runs in the folder of an app. The other commands run with options. */
  async function runLine(line: string): Promise<CliRun> {
    const words = line.split(' ');
    if (words[0] === 'init') return cliProcess(words, (await apps.write(PACKAGES, FILES, 'module')).directory);
    return (words[0] === 'reseal' ? encrypting : file).run(words);
  }

  beforeAll(async () => {
    file = await OptionsFile.write('sqlite', 'sessions', { userId: 'userId' });
    apps = await NestApps.create();
    encrypting = await OptionsFile.write('sqlite', 'sessions', { ...file.options, encryption: { keys: [KEY], readPlaintext: true } });
    const old = await openPreviousStore('connect-session-knex', 'sqlite', 'knex_sessions', join(file.directory, 'sessions.sqlite'));
    await storeSession(old.store, 'of-a-laptop', { userId: 42, cart: [{ sku: 'tea', quantity: 2 }] }, 3_600_000);
    await storeSession(old.store, 'of-a-phone', { userId: 42 }, 3_600_000);
    await storeSession(old.store, 'of-another-user', { userId: 7 });
    await storeSession(old.store, 'of-nobody', { userId: '?'.repeat(256) });
    await old.close();
    for (const { line } of shown) runs.set(line, await runLine(line));
  });
  afterAll(async () => {
    await apps.remove();
    await encrypting.remove();
    await file.remove();
  });

  it.each(shown.map(({ line, output }) => [line, output] as const))('smart-session %s', (line, output) => {
    const { err, out } = runs.get(line)!;
    expect(lasting(err + out)).toEqual(lasting(output));
  });

  it('shows every command and its help', () => {
    const lines = shown.map(({ line }) => line);
    expect(lines).toContain('--help');
    for (const { name } of COMMANDS)
      expect(lines).toEqual(expect.arrayContaining([`${name} --help`, expect.stringMatching(`^${name}(?! --help)`)]));
  });
});
