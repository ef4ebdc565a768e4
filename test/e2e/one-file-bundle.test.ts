import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

/** What Nest imports where it is there, and what is compiled for the machine. */
const EXTERNAL = [
  '@nestjs/microservices',
  '@nestjs/websockets',
  '@nestjs/platform-express',
  'class-validator',
  'class-transformer',
  'better-sqlite3',
];

/** CommonJS modules in the bundle require Node's own ones. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

describe('an app that esbuild has made one minified file of', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp('build/one-file-');
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('finds the driver in the file, and tells its dialect although its class has another name', async () => {
    const outfile = join(directory, 'app.mjs');
    await build({
      entryPoints: ['build/test/support/bundled-app.js'],
      outfile,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      external: EXTERNAL,
      banner: { js: REQUIRE },
      logLevel: 'silent',
    });
    const { stdout } = await promisify(execFile)(process.execPath, [outfile]);
    const { driver, ...dialects } = JSON.parse(stdout) as Record<string, string>;
    expect(driver).not.toBe('SqliteDriver');
    expect(dialects).toEqual({ own: 'sqlite 0', ofApp: 'sqlite 0' });
  });
});
