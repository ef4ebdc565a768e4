import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { DIALECTS } from '../../src/dialects/index.js';
import { MissingPackageError } from '../../src/dialects/missing-package.js';

/** Two drivers that a process cannot load: one is not there, and one fails; a package that a third imports is not there. */
const HOOKS = `
import { registerHooks } from 'node:module';
const missing = (name) => { throw Object.assign(new Error(\`Cannot find package '\${name}' imported from /app\`), { code: 'ERR_MODULE_NOT_FOUND' }); };
registerHooks({
  resolve: (name, context, next) => (name === '@mikro-orm/postgresql' ? missing(name) : next(name, context)),
  load(url, context, next) {
    if (url.endsWith('/@mikro-orm/mysql/index.js')) return { format: 'module', source: 'throw new Error("boom.\\\\nand more")', shortCircuit: true };
    if (url.endsWith('/@mikro-orm/sqlite/index.js')) return missing('better-sqlite3');
    return next(url, context);
  },
});`;

const PROGRAM = `
const { SmartSessionOptions } = await import(process.argv[1] + '/smart-session.options.js');
const { openDatabase } = await import(process.argv[1] + '/persistence/open-database.js');
for (const dialect of ['postgresql', 'mysql', 'sqlite']) {
  await openDatabase(new SmartSessionOptions({ secret: 'x', dialect, connection: { dbName: 'x' } })).catch(({ message }) => console.log(message));
}`;

describe('a driver that cannot be loaded', () => {
  it('is to be installed only if its own package is missing; else the error says what the import said', async () => {
    const node = ['--import', `data:text/javascript,${encodeURIComponent(HOOKS)}`, '--input-type=module', '-e', PROGRAM, resolve('build/src')];
    const { stdout } = await promisify(execFile)(process.execPath, node);
    const given = (dialect: string, what: string) => `SmartSessionModule: option \`dialect\`: '${dialect}' was given, and ${what}`;
    const remedy = 'import the driver in the app and give its class as `connection.driver`.';
    expect(stdout.split('\n')).toEqual([
      given('postgresql', `@mikro-orm/postgresql cannot be found. Install it: npm install @mikro-orm/postgresql. If it is installed, ${remedy}`),
      given('mysql', `@mikro-orm/mysql cannot be loaded: boom. Mend that, or ${remedy}`),
      given('sqlite', `@mikro-orm/sqlite cannot be loaded: Cannot find package 'better-sqlite3' imported from /app. Mend that, or ${remedy}`),
      '',
    ]);
  });

  it('is told by the package that is missing, beside MikroORM 7', async () => {
    await expect(DIALECTS.sqlite.drivers[1]!.load()).rejects.toThrow(MissingPackageError);
  });
});
