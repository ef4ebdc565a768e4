import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import session from 'express-session';
import { readCommandLine } from '../src/cli/command-line.js';
import { HELP } from '../src/cli/help.js';
import { runCli } from '../src/cli/run-cli.js';
import * as main from '../src/index.js';
import { raceSettings } from '../src/workload/race-settings.js';
import { resolveConfig } from '../src/targets/race-config.js';
import { templatesOf } from './templates.js';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...README.matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].filter(([, , name]) => name === language).map(([, , , text]) => text!);
/** The command whose output the README shows, and the output. */
const [, shownArgs, shownOutput] = /^ {4}\$ npx session-race (.*)\n((?: {4}.*\n|\n)+)/m.exec(README)!;
const commands = [...README.matchAll(/npx session-race (--.*)$|npm run race -- (--.*)$/gm)].map(([, npx, npm]) => (npx ?? npm)!);

/** The result of `npm run race:watch`. */
interface Overhead {
  readonly machine: { readonly node: string };
  readonly rounds: number;
  readonly requests: number;
  readonly rows: readonly {
    readonly versions: readonly string[];
    readonly read: { readonly without: number; readonly with: number };
    readonly save: { readonly without: number; readonly with: number };
  }[];
}

describe('the README', () => {
  it('shows what the command prints', async () => {
    const store = new session.MemoryStore();
    const servers = await Promise.all([startApp(store), startApp(store)]);
    const urls = servers.flatMap((server) => ['--url', urlOf(server)]);
    const { settings } = readCommandLine(shownArgs!.split(' '));
    let printed = '';
    const args = [...urls, '--seed', String(settings.seed), '--rounds', '4', '--settle', '40'];
    const code = await runCli(args, { stdout: { write: (text) => (printed += text) }, stderr: { write: () => {} } });
    for (const server of servers) server.close();
    expect(code).toBe(1);
    // Numbers, keys and the course of a history are those of one run.
    expect(templatesOf(printed)).toEqual(expect.arrayContaining(templatesOf(shownOutput!)));
  });

  it('has routes for an Express app that need no config', async () => {
    const server = await startApp(new session.MemoryStore());
    const report = await main.raceApp({ urls: [urlOf(server)], rounds: 2, settle: 40 });
    server.close();
    expect(report).toMatchObject({ verdict: 'lossy', notes: [] });
    expect(report.ended).toBe(4);
  });

  it.each(commands)('has a command with options that there are: %s', (args) => {
    expect(() => readCommandLine(args.split(/ +/))).not.toThrow();
  });

  it('lists the options of the help, with their defaults', () => {
    const listed = [...README.matchAll(/^\| `(--[a-z]+)[^`]*` \|.*\| ?([^|]*?) ?\|$/gm)].map(([, name, value]) => [name, value]);
    const helped = [...HELP.matchAll(/^ {2}(--[a-z]+).*?(?:\((\d+)\))?$/gm)].map(([, name, value]) => [name, value]);
    expect(listed.map(([name]) => name)).toEqual(helped.map(([name]) => name).filter((name) => name !== '--help'));
    const { clients, rounds, seconds, requests, settle } = raceSettings({});
    expect(Object.fromEntries(listed)).toMatchObject({
      '--clients': String(clients),
      '--rounds': String(rounds),
      '--seconds': String(seconds),
      '--requests': String(requests),
      '--settle': String(settle),
    });
    expect(helped.filter(([, value]) => value)).toEqual(listed.filter(([, value]) => /^\d+$/.test(value!)));
  });

  it.each(blocks('json'))('has a config that is accepted', (text) => {
    expect(() => resolveConfig(JSON.parse(text) as main.RaceConfig, ['http://localhost'])).not.toThrow();
  });

  it('has the measured cost of a watch', () => {
    const { machine, rounds, requests, rows } = JSON.parse(
      readFileSync(new URL('../stores/watch-overhead.json', import.meta.url), 'utf8'),
    ) as Overhead;
    const shown = [...README.matchAll(/^\| .*? \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map((cells) => cells.slice(1).map(Number));
    expect(shown).toEqual(rows.map(({ read, save }) => [read.without, read.with, save.without, save.with]));
    expect(README).toContain(`Node ${/\d+\.\d+/.exec(machine.node)![0]}`);
    expect(README).toContain(`medians of ${rounds} alternated rounds of ${requests} requests`);
    for (const { versions } of rows) expect(README).toContain(versions[0]!);
  });

  it('shows a set-up of the compared stores, whole', () => {
    expect(blocks('js')).toContain(readFileSync(new URL('../stores/setups/connect-memcached.js', import.meta.url), 'utf8'));
  });

  it('imports what there is', () => {
    const imported = [...README.matchAll(/import \{ (.*) \} from 'session-race'/g)].flatMap(([, names]) => names!.split(', '));
    expect(imported).not.toEqual([]);
    expect(Object.keys(main)).toEqual(expect.arrayContaining(imported));
  });
});

/** An app with the routes of the README. */
async function startApp(store: session.Store): Promise<Server> {
  const app = express();
  app.use(session({ store, secret: 'of the tests', resave: false, saveUninitialized: false }));
  const routes = blocks('js').find((text) => text.includes("app.post('/race/:key'"))!;
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- It is the code of the README.
  (new Function('app', routes) as (app: Express) => void)(app);
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
