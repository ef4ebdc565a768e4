import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { Utils } from '@mikro-orm/core';
import { DIALECTS } from '../../src/dialects/index.js';
import { MissingPackageError, importError } from '../../src/dialects/missing-package.js';

const VERSION = Utils.getORMVersion();

/** Drivers that a process cannot load: one is not there, one fails, one is of another MikroORM; a package that the last imports is not there. */
const HOOKS = `
import { registerHooks } from 'node:module';
const missing = (name) => { throw Object.assign(new Error(\`Cannot find package '\${name}' imported from /app\`), { code: 'ERR_MODULE_NOT_FOUND' }); };
let telemetry = 0;
registerHooks({
  resolve(name, context, next) {
    if (name === '@mikro-orm/postgresql') missing(name);
    if (name !== '@opentelemetry/api') return next(name, context);
    telemetry++;
    if (telemetry === 1) missing(name);
    return { url: 'test:telemetry-' + telemetry, shortCircuit: true };
  },
  load(url, context, next) {
    if (url.endsWith('/@mikro-orm/mysql/index.js')) return { format: 'module', source: 'throw new Error("boom.\\\\nand more")', shortCircuit: true };
    if (url.endsWith('/@mikro-orm/mariadb/index.js')) return { format: 'module', source: 'export class Utils { static getORMVersion = () => "6.6.16" } export class MariaDbDriver {}', shortCircuit: true };
    if (url.endsWith('/@mikro-orm/sqlite/index.js')) return missing('better-sqlite3');
    if (url === 'test:telemetry-2') return { format: 'module', source: 'throw new Error("boom.\\\\nand more")', shortCircuit: true };
    if (url === 'test:telemetry-3') return missing('inner-package');
    return next(url, context);
  },
});`;

const PROGRAM = `
const { SmartSessionOptions } = await import(process.argv[1] + '/options/smart-session.options.js');
const { openDatabase } = await import(process.argv[1] + '/persistence/open-database.js');
for (const dialect of process.argv.slice(2)) {
  await openDatabase(new SmartSessionOptions({ secret: 'x', dialect, connection: { dbName: 'x' } })).catch(({ message }) => console.log(message));
}`;

const TELEMETRY_PROGRAM = `
const { importTelemetryApi } = await import(process.argv[1] + '/open-telemetry.js');
for (let n = 0; n < 3; n++) await importTelemetryApi().catch(({ message }) => console.log(message));`;

const given = (dialect: string, what: string) => `SmartSessionModule: option \`dialect\`: '${dialect}' was given, but ${what}`;
const remedy = 'import the driver in the app and give its class as `connection.driver`.';

describe('a driver that cannot be loaded', () => {
  it('is to be installed only if its own package is missing; else the error says what the import said', async () => {
    const lines = await linesOf(PROGRAM, 'postgresql', 'mysql', 'sqlite');
    expect(lines).toEqual([
      given(
        'postgresql',
        `@mikro-orm/postgresql cannot be found. Install it, in the version of @mikro-orm/core: npm install @mikro-orm/postgresql@${VERSION}. If it is installed, ${remedy}`,
      ),
      given('mysql', `@mikro-orm/mysql cannot be loaded: boom. Fix that, or ${remedy}`),
      given(
        'sqlite',
        `@mikro-orm/sqlite cannot be loaded: Cannot find package 'better-sqlite3' imported from /app. Fix that, or ${remedy}`,
      ),
      '',
    ]);
  });

  it('is to be installed if the one that is found is of another MikroORM, such as that of another app of the workspace', async () => {
    expect(await linesOf(PROGRAM, 'mariadb')).toEqual([
      given(
        'mariadb',
        `@mikro-orm/mariadb cannot be found. Install it, in the version of @mikro-orm/core: npm install @mikro-orm/mariadb@${VERSION}. If it is installed, ${remedy}`,
      ),
      '',
    ]);
  });

  it('is told by the package that is missing, beside MikroORM 7', async () => {
    await expect(DIALECTS.sqlite.drivers[1]!.load()).rejects.toThrow(MissingPackageError);
  });

  it("is told by the package that is missing, beside Yarn's Plug'n'Play", () => {
    const missing = errorOfPlugAndPlay('nestjs-smart-session', '@mikro-orm/mariadb');
    expect(importError('@mikro-orm/mariadb', missing)).toBeInstanceOf(MissingPackageError);
    const inner = errorOfPlugAndPlay('@mikro-orm/mariadb', '@mikro-orm/sql');
    expect(importError('@mikro-orm/mariadb', inner)).toBe(inner);
  });
});

/** The error of Yarn 4 if a package imports another one that the app does not have. */
function errorOfPlugAndPlay(importer: string, dependencyName: string): Error {
  return Object.assign(
    new Error(`${importer} tried to access ${dependencyName} (a peer dependency) but it isn't provided by your application`),
    {
      code: 'MODULE_NOT_FOUND',
      pnpCode: 'MISSING_PEER_DEPENDENCY',
      data: { dependencyName },
    },
  );
}

describe("OpenTelemetry's API that cannot be loaded", () => {
  it('is to be installed only if its own package is missing; else the error says what the import said', async () => {
    const refused = 'SmartSessionModule: option `telemetry`: true was given, but @opentelemetry/api cannot be';
    expect(await linesOf(TELEMETRY_PROGRAM)).toEqual([
      `${refused} found. Install it: npm install @opentelemetry/api`,
      `${refused} loaded: boom. Fix that, or leave \`telemetry\` out.`,
      `${refused} loaded: Cannot find package 'inner-package' imported from /app. Fix that, or leave \`telemetry\` out.`,
      '',
    ]);
  });
});

/** What a program prints in a process of its own, which cannot load these packages. */
async function linesOf(program: string, ...parameters: string[]): Promise<string[]> {
  const node = [
    '--import',
    `data:text/javascript,${encodeURIComponent(HOOKS)}`,
    '--input-type=module',
    '-e',
    program,
    resolve('build/src'),
    ...parameters,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, node);
  return stdout.split('\n');
}
