import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { Logger, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import request from 'supertest';
import { vi } from 'vitest';
import type { Check } from '../../src/cli/doctor/check.js';
import { SessionService } from '../../src/index.js';
import { cli, cliProcess } from '../support/cli.js';
import { ONE_PER_SERVER } from '../support/databases.js';
import { NestApp, NestApps, printedCode } from '../support/nest-app.js';
import { SERVERS } from '../support/servers.js';

const SECRET = /^SESSION_SECRET=[\w-]{43}$/m;

/** A client of pg, mysql2, better-sqlite3 or Knex. */
type Closable = Partial<Record<'destroy' | 'end' | 'close', () => unknown>>;

async function closed(client: Closable): Promise<void> {
  await (client.destroy ?? client.end ?? client.close)!.call(client);
}

function urlOf({ host, port, user, password, dbName }: (typeof SERVERS)[keyof typeof SERVERS], dialect: string): string {
  const protocol = dialect === 'postgresql' ? 'postgresql' : 'mysql';
  return `${protocol}://${user}:${encodeURIComponent(password)}@${host}:${port}/${dbName}`;
}

describe('init', () => {
  let apps: NestApps;
  beforeAll(async () => {
    apps = await NestApps.create();
  });
  afterAll(() => apps.remove());

  const write: NestApps['write'] = (...given) => apps.write(...given);

  /** A module with the printed lines. */
  function moduleWith(out: string, ownImports = '', own = ''): string {
    return [
      "import { Controller, Get, Module, Post, Session } from '@nestjs/common';",
      "import type { SessionData } from 'express-session';",
      ownImports,
      printedCode(out, 'Import in src/app.module.ts'),
      '@Controller()',
      'class UserController {',
      '  @Post() login(@Session() session: SessionData): void { session.userId = 42; }',
      '  @Get() user(@Session() session: SessionData) { return { user: session.userId }; }',
      '}',
      '@Module({',
      `  imports: [${own}\n${printedCode(out, 'Add to the list `imports` of @Module in src/app.module.ts')}\n  ],`,
      '  controllers: [UserController],',
      '})',
      'export class AppModule {}',
    ].join('\n');
  }

  const sessionType = (out: string) => ({ 'src/session-data.ts': printedCode(out, 'Create src/session-data.ts') });

  /** Logs in and reads the session, and returns the number of the user's sessions. */
  async function useSessions(app: NestApp): Promise<number> {
    Logger.overrideLogger(false);
    process.env.SESSION_SECRET = parseEnv(await app.read('.env')).SESSION_SECRET;
    const { AppModule } = (await import(/* @vite-ignore */ join(app.directory, 'src/app.module.ts'))) as { AppModule: Type };
    const nest: INestApplication = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    try {
      await nest.init();
      const agent = request.agent(nest.getHttpServer());
      await agent.post('/').expect(201);
      await agent.get('/').expect(200, { user: 42 });
      return (await nest.get(SessionService).list({ userId: '42' })).length;
    } finally {
      await nest.close();
    }
  }

  describe('prints lines that work', () => {
    it('with MikroORM that the app does not use yet', async () => {
      const app = await write(['@mikro-orm/nestjs', '@mikro-orm/core', '@mikro-orm/sqlite'], { 'src/main.ts': '' }, 'module');
      const { out } = await app.init({ yes: true });
      expect(out).not.toContain("Add to MikroORM's options");
      expect(printedCode(out, 'Create smart-session.options.mjs')).toContain("connection: { dbName: 'app.sqlite' }");
      const file = JSON.stringify(join(app.directory, 'app.sqlite'));
      const code = moduleWith(out).replace("'app.sqlite'", file);
      expect(code).toContain(file);
      await app.add({ ...sessionType(out), 'src/app.module.ts': code });
      expect(await useSessions(app)).toBe(1);
      expect((await app.init({ dryRun: true })).out).toContain("Add to MikroORM's options");
    });

    it('with MikroORM on SQLite, in ES modules', async () => {
      const before = "import { MikroOrmModule } from '@mikro-orm/nestjs';";
      const app = await write(['@mikro-orm/nestjs', '@mikro-orm/core', '@mikro-orm/sqlite'], { 'src/app.module.ts': before }, 'module');
      const { out } = await app.init({ yes: true });
      expect(out).toContain('The app: MikroORM, Express, ES modules.');
      const [entityImport, , entities] = printedCode(out, "Add to MikroORM's options").split('\n');
      const own = `MikroOrmModule.forRoot({ driver: SqliteDriver, dbName: ':memory:', ${entities} }),`;
      const imports = "import { MikroOrmModule } from '@mikro-orm/nestjs';\nimport { SqliteDriver } from '@mikro-orm/sqlite';\n";
      await app.add({ ...sessionType(out), 'src/app.module.ts': moduleWith(out, `${imports}${entityImport}`, own) });
      expect(await useSessions(app)).toBe(1);
    });

    it('without an ORM on SQLite, with @nestjs/config, and for doctor', async () => {
      const app = await write(['better-sqlite3', '@nestjs/config'], { 'src/main.ts': '' });
      const { out } = await app.init({ yes: true });
      expect(out).toContain('The app: no ORM, Express, CommonJS.');
      expect(out).toContain('npm install nestjs-smart-session express-session @mikro-orm/core@7.2 @mikro-orm/sqlite@7.2\n');
      const file = JSON.stringify(join(app.directory, 'sessions.sqlite'));
      const code = moduleWith(out).replace("'sessions.sqlite'", file);
      expect(code).toContain(file);
      await app.add({ ...sessionType(out), 'src/app.module.ts': code });
      expect(await useSessions(app)).toBe(1);
      delete process.env.SESSION_SECRET;
      await app.add({ 'smart-session.options.mjs': printedCode(out, 'Create smart-session.options.mjs') });
      const doctor = /npx smart-session (doctor --options \S+)$/m.exec(out)![1]!.split(' ');
      const { out: found, err, code: exit } = await cliProcess(doctor, app.directory);
      expect({ err, exit }).toEqual({ err: '', exit: 0 });
      expect(found).toMatch(/^ok +secret +1 secret, long and random enough\.$/m);
    });

    it.each([
      ['TypeORM on MySQL', 'commonjs', ['@nestjs/typeorm', 'typeorm', 'mysql2'], ''],
      ['TypeORM on PostgreSQL and Fastify', 'module', ['@nestjs/typeorm', 'typeorm', 'pg', '@nestjs/platform-fastify'], ''],
      [
        'Drizzle on PostgreSQL',
        'module',
        ['drizzle-orm', 'pg'],
        `import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
        import type { Pool } from 'pg';
        export class DatabaseModule {}
        export type Database = NodePgDatabase & { readonly $client: Pool };
        export const DATABASE = Symbol();`,
      ],
      ['Knex on MySQL', 'commonjs', ['knex', 'mysql2'], 'export class DatabaseModule {}\nexport const KNEX = Symbol();'],
      ['Prisma on PostgreSQL', 'commonjs', ['@prisma/client', '@prisma/adapter-pg', 'pg'], 'export class DatabaseModule {}'],
      ['Prisma on MySQL, without a pool', 'commonjs', ['@prisma/client', 'mysql2'], ''],
    ])('for %s', async (_, type, packages, database) => {
      const app = await write(packages, { 'src/main.ts': '', ...(database && { 'src/database.module.ts': database }) }, type);
      const { out } = await app.init({ yes: true });
      const code = moduleWith(out);
      expect(code).toContain(packages.includes('mysql2') ? "dialect: 'mysql'" : "dialect: 'postgresql'");
      expect(code.includes("import 'nestjs-smart-session/fastify'")).toBe(packages.includes('@nestjs/platform-fastify'));
      await app.add({ ...sessionType(out), 'src/app.module.ts': code });
    });

    // One run of the compiler is faster than one for each app.
    it('and they all compile', async () => {
      expect(await apps.compile()).toBe('');
    });
  });

  describe.each(ONE_PER_SERVER)('prints options for the command line, on %s', (database) => {
    const driver = { postgresql: 'pg', mysql: 'mysql2', mariadb: 'mysql2', sqlite: 'better-sqlite3' }[database];

    it.each([['drizzle-orm'], ['knex']])('with the client of %s', async (orm) => {
      const app = await write([orm, driver]);
      // The app has no .env, so its variables come from the environment.
      const { out } = await app.init({ yes: true, dialect: database, environment: { SESSION_SECRET: 'there is one' } });
      const path = join(app.directory, 'smart-session.options.mjs');
      await app.add({ 'smart-session.options.mjs': printedCode(out, 'Create smart-session.options.mjs') });
      process.env.SESSION_SECRET = randomBytes(32).toString('base64url');
      if (database === 'sqlite') process.env.SQLITE_FILE = join(app.directory, 'app.sqlite');
      else process.env.DATABASE_URL = urlOf(SERVERS[database], database);
      const { default: options } = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as { default: { client: Closable } };
      try {
        const { out: checks } = await cli(['doctor', '--options', path, '--table', 'no_such_table', '--json']);
        const found = (JSON.parse(checks) as { checks: Check[] }).checks.filter(({ status }) => status === 'fail');
        expect(found.map(({ name }) => name)).toEqual(['table']);
        if (database === 'sqlite') await app.read('app.sqlite');
      } finally {
        await closed(options.client);
      }
    });
  });

  describe('looks at the app', () => {
    it.each<[string, string[], Record<string, string>, string, RegExp]>([
      ['MikroORM', ['@mikro-orm/nestjs', '@mikro-orm/postgresql'], {}, 'MikroORM, Express', /forRoot\('postgresql', \{/],
      [
        'the schema of Prisma',
        ['@prisma/client'],
        { 'prisma/schema.prisma': 'datasource db {\n provider = "sqlite"\n}' },
        'Prisma',
        /'sqlite'/,
      ],
      [
        'drizzle-kit',
        ['drizzle-orm', 'pg', 'better-sqlite3'],
        { 'drizzle.config.ts': "dialect: 'sqlite'," },
        'Drizzle',
        /database\.\$client/,
      ],
      ['a driver', ['pg'], {}, 'no ORM', /clientUrl: process\.env\.DATABASE_URL!/],
      [
        'Fastify beside Express',
        ['pg', '@nestjs/platform-express', '@nestjs/platform-fastify'],
        { 'src/main.ts': 'new FastifyAdapter()' },
        'no ORM, Fastify',
        /'postgresql'/,
      ],
    ])('%s', async (_, packages, files, name, line) => {
      const { out } = await (await write(packages, files)).init({ dryRun: true });
      expect(out).toContain(`The app: ${name}`);
      expect(printedCode(out, 'Add to the list')).toMatch(line);
    });

    it('names a second ORM, and Passport', async () => {
      const { out } = await (await write(['@nestjs/typeorm', 'drizzle-orm', 'pg', 'passport'])).init({ dryRun: true });
      expect(out).toContain('It also has Drizzle. The lines below are for TypeORM.');
      expect(out).toContain('docs/recipes/passport-login.md shows the option userId for it.');
    });

    it('names the sessions that it has', async () => {
      const store = await write(['pg', 'connect-pg-simple']);
      expect((await store.init({ dryRun: true })).out).toContain(
        'It has sessions already: connect-pg-simple.\nnode_modules/nestjs-smart-session/docs/moving-in.md shows how',
      );
      const middleware = await write(['pg', 'express-session'], { 'src/main.ts': "import session from 'express-session';" });
      expect((await middleware.init({ dryRun: true })).out).toContain('It has sessions already: express-session.');
      const types = await write(['pg', 'express-session'], { 'src/main.ts': "import type { SessionData } from 'express-session';" });
      expect((await types.init({ dryRun: true })).out).not.toContain('It has sessions already');
    });

    it.each([
      [
        ['pg'],
        {},
        ['If nothing loads .env yet, start the app with', 'doctor --options smart-session.options.mjs', 'DATABASE_URL is not set yet.'],
      ],
      [['pg', 'dotenv'], { '.env': 'DATABASE_URL=x\n' }, ["import 'dotenv/config' first"]],
      [
        ['@mikro-orm/nestjs', '@mikro-orm/postgresql'],
        { 'src/mikro-orm.config.ts': '', 'pnpm-lock.yaml': '' },
        ['pnpm add -D @mikro-orm/cli', 'npx smart-session doctor\n'],
      ],
    ])('says for %j what to do next', async (packages, files, steps) => {
      const { out } = await (await write(packages, files as Record<string, string>)).init({ dryRun: true });
      for (const step of steps) expect(out).toContain(step);
      expect(out.includes('DATABASE_URL is not set yet.')).toBe(steps.some((step) => step.startsWith('DATABASE_URL')));
    });

    it('refuses a folder without a Nest app', async () => {
      const app = await write(['pg']);
      await app.add({ 'package.json': '{ "dependencies": { "express": "5" } }' });
      await expect(app.init({ yes: true })).rejects.toThrow('package.json does not list @nestjs/core.');
      await app.add({ 'package.json': '{' });
      await expect(app.init({ yes: true })).rejects.toThrow('package.json is not JSON');
    });
  });

  describe('the secret', () => {
    it('goes into a new .env for its owner alone, and is not shown', async () => {
      const app = await write(['pg'], { '.gitignore': 'dist\nnode_modules' });
      const { out } = await app.init({ yes: true });
      const text = await app.read('.env');
      expect(text).toMatch(/^SESSION_SECRET=[\w-]{43}\n$/);
      expect(await app.modeOf('.env')).toBe(0o600);
      expect(out).toContain('--- /dev/null\n+++ .env\n@@ -0,0 +1,1 @@\n+SESSION_SECRET=(not shown)\n');
      expect(out).not.toContain(text.trim());
      expect(await app.read('.gitignore')).toBe('dist\nnode_modules\n.env\n');
      expect(out).toContain('--- .gitignore\n+++ .gitignore\n@@ -1,2 +1,3 @@\n dist\n node_modules\n+.env\n');
    });

    it('joins the other lines of .env, whose mode stays, and none of which is shown', async () => {
      const app = await write(['pg'], { '.env': 'PASSWORD=geheim\r\nPORT=1' });
      await chmod(join(app.directory, '.env'), 0o640);
      const { out } = await app.init({ yes: true });
      expect(await app.read('.env')).toMatch(/^PASSWORD=geheim\r\nPORT=1\r\nSESSION_SECRET=[\w-]{43}\r\n$/);
      expect(await app.modeOf('.env')).toBe(0o640);
      expect(out).not.toContain('geheim');
      expect(out).toContain('@@ -2,0 +3,1 @@\n+SESSION_SECRET=(not shown)');
    });

    it('fills an empty line', async () => {
      const app = await write(['pg'], { '.env': 'A=1\nSESSION_SECRET=\nB=2\n' });
      await app.init({ yes: true });
      expect(await app.read('.env')).toMatch(/^A=1\nSESSION_SECRET=[\w-]{43}\nB=2\n$/);
    });

    it.each([
      ['.env', { '.env': 'export SESSION_SECRET="there is one"\n' }, {}],
      ['the environment', {}, { SESSION_SECRET: 'there is one' }],
    ])('of %s is kept', async (_, files, environment) => {
      const app = await write(['pg'], files as Record<string, string>);
      const { out } = await app.init({ yes: true, environment });
      expect(out).toContain('No file has to be changed.');
      expect(out).not.toContain('there is one');
    });

    it('is kept out of a repository without a .gitignore', async () => {
      const app = await write(['pg'], { '.git/HEAD': '', 'sub/package.json': '{"dependencies":{"@nestjs/core":"*","pg":"*"}}' });
      const sub = new NestApp(join(app.directory, 'sub'));
      expect((await sub.init({ dryRun: true })).out).toContain('+++ .gitignore');
      await app.init({ yes: true });
      expect(await app.read('.gitignore')).toBe('.env\n');
      expect((await sub.init({ dryRun: true })).out).not.toContain('.gitignore');
      const outside = await write(['pg']);
      expect((await outside.init({ dryRun: true })).out).not.toContain('.gitignore');
    });

    it.each(['.env', '/.env', '.env*', '**/.env', '!.env'])('leaves a .gitignore with %s alone', async (line) => {
      const app = await write(['pg'], { '.gitignore': `dist\n${line}\n` });
      await app.init({ yes: true });
      expect(await app.read('.gitignore')).toBe(`dist\n${line}\n`);
    });
  });

  describe('the tables', () => {
    it.each([
      [
        'MikroORM',
        ['@mikro-orm/nestjs', '@mikro-orm/sqlite'],
        /Migration\d+_create_sessions\.ts/,
        /skipTables: \['sessions', 'sessions_leases'\]/,
      ],
      ['TypeORM', ['@nestjs/typeorm', 'better-sqlite3'], /\d+-CreateSessions\.ts/, /\. Run the migration: npx typeorm migration:run/],
      ['Knex', ['knex', 'better-sqlite3'], /\d+_create_sessions\.ts/, /npx knex migrate:latest/],
      ['Drizzle', ['drizzle-orm', 'better-sqlite3'], /0000_create_sessions\.sql/, /meta\/_journal\.json/],
      ['Prisma', ['@prisma/client', 'better-sqlite3'], /\d+_create_sessions\/migration\.sql/, /npx prisma migrate deploy/],
      ['no ORM', ['better-sqlite3'], /\d+_create_sessions\.sql/, /\. Run the migration with your tool\./],
    ])('are in a migration of %s, once', async (_, packages, path, line) => {
      const app = await write(packages);
      const first = await app.init({ yes: true, migration: 'db/migrations' });
      const [written] = /(?<=^\+\+\+ )db\/migrations\/.*create.*$/im.exec(first.out)!;
      expect(written).toMatch(path);
      expect(await app.read(written)).toContain('create table');
      expect(first.out).toMatch(line);
      expect(first.out).not.toContain('createTable: true');
      expect(first.out).toContain(`Wrote .env, ${written}`);
      const again = await app.init({ yes: true, migration: 'db/migrations' });
      expect(again.out).toContain('No file has to be changed.');
      expect(again.out).toContain('creates the tables already. If it has not run yet, run it');
    });

    it('are in a migration by default if the app has migrations', async () => {
      const app = await write(['knex', 'pg'], { 'src/migrations/1_first.ts': '' });
      expect((await app.init({ dryRun: true })).out).toMatch(/\+\+\+ src\/migrations\/\d+_create_sessions\.ts/);
      expect((await app.init({ dryRun: true, createTable: true })).out).toContain('createTable: true');
      await expect(app.init({ dryRun: true, createTable: true, migration: 'x' })).rejects.toThrow('give either');
    });

    it('have the name and the schema that are given', async () => {
      const app = await write(['@mikro-orm/nestjs', '@mikro-orm/postgresql']);
      const { out } = await app.init({ dryRun: true, tableName: 'web', schema: 'own' });
      expect(printedCode(out, 'Add to the list')).toContain("tableName: 'web',\n  schema: 'own',");
      expect(out).toContain("entities: [defineSessionEntity({ tableName: 'web', schema: 'own' }), defineSession");
      const migrated = await app.init({ dryRun: true, tableName: 'web', schema: 'own', migration: 'm' });
      expect(migrated.out).toContain('create table "own"."web"');
      expect(migrated.out).toContain("skipTables: ['web', 'web_leases']");
    });
  });

  describe('questions', () => {
    it('are three, and one before it writes', async () => {
      const app = await write(['mysql2']);
      const { out, questions } = await app.init({ person: { answers: ['mariadb', "user's id", 'migrations', 'y'] } });
      expect(questions).toBe(
        'Which database is it? mysql, mariadb. [mysql] ' +
          'Which key of the session holds the id of the user? [userId] ' +
          'Write a migration into which folder? "none": the app creates the tables at its start. [none] ' +
          'Write 2 files? [y/N] ',
      );
      expect(out).toContain("dialect: 'mariadb'");
      expect(out).toContain('userId: "user\'s id"');
      expect(out).toContain('"user\'s id"?: number;');
      expect(await app.read('.env')).toMatch(SECRET);
    });

    it('are not asked if options answer them', async () => {
      const app = await write(['mysql2']);
      const person = { answers: [''] };
      const { out, questions } = await app.init({ dialect: 'mysql', userKey: 'user', createTable: true, person });
      expect(questions).toBe('Write 1 file? [y/N] ');
      expect(out).toContain('Nothing was written.');
      await expect(app.read('.env')).rejects.toThrow('ENOENT');
    });

    it('have no default without a driver', async () => {
      const app = await write([]);
      await expect(app.init({ yes: true })).rejects.toThrow('Give --dialect, one of postgresql, mysql, mariadb, sqlite.');
      await expect(app.init({ dialect: 'oracle', yes: true })).rejects.toThrow('--dialect: "oracle" was given.');
      await expect(app.init({ dialect: 'sqlite', userKey: '', yes: true })).rejects.toThrow('--user-key: "" was given.');
    });
  });

  it('asks again for a database that there is not', async () => {
    const app = await write([]);
    const { out, questions } = await app.init({ person: { answers: ['postgres', 'postgresql', '', '', 'n'] } });
    expect(questions).toContain('There is no "postgres". Which database is it? postgresql, mysql, mariadb, sqlite. ');
    expect(out).toContain("dialect: 'postgresql'");
  });

  it('takes the id of a user who is an object in the session', async () => {
    const { out } = await (await write(['pg'])).init({ dryRun: true, userKey: 'user.id' });
    expect(out).toContain('userId: (session) => session.user?.id,');
    expect(out).toContain('user?: { id?: number };');
  });

  it('names the version of MikroORM that is installed', async () => {
    const app = await write(['@mikro-orm/core', 'pg'], {
      'node_modules/@mikro-orm/core/package.json': JSON.stringify({ version: '7.2.1' }),
    });
    expect((await app.init({ dryRun: true })).out).toContain(
      'npm install nestjs-smart-session express-session @mikro-orm/postgresql@7.2.1\n',
    );
  });

  it('prints one JSON document, and everything else on standard error', async () => {
    for (const name of ['SESSION_SECRET', 'DATABASE_URL']) vi.stubEnv(name, undefined);
    const app = await write(['pg'], { '.gitignore': 'dist\n' });
    const { code, out, err } = await cliProcess(['init', '--json', '--yes', '--migration', 'm'], app.directory);
    expect({ code, result: JSON.parse(out) as unknown }).toEqual({
      code: 0,
      result: {
        dialect: 'postgresql',
        changes: ['.env', '.gitignore', expect.stringMatching(/^m\/\d+_create_sessions\.sql$/)],
        written: true,
        snippets: expect.arrayContaining([
          { title: expect.stringMatching('^Import in'), lines: expect.arrayContaining(["import './session-data';"]) },
        ]),
        notes: ['DATABASE_URL is not set yet. Set it to the URL of the database.'],
        nextSteps: expect.arrayContaining(['Add the lines above.']),
      },
    });
    expect(err).toMatch(/^The app: no ORM, .*Wrote \.env, .*\nNext steps:\n1\. /s);
    expect(out).not.toMatch(parseEnv(await app.read('.env')).SESSION_SECRET!);
    const again = await cliProcess(['init', '--json', '--dry-run', '--migration', 'm'], app.directory);
    expect(JSON.parse(again.out)).toMatchObject({ changes: [], written: false });
    vi.unstubAllEnvs();
  });

  it('writes nothing in a dry run', async () => {
    const app = await write(['pg'], { '.gitignore': '' });
    const { out } = await app.init({ dryRun: true, migration: 'm' });
    expect(out).toContain('Nothing was written, because of --dry-run.');
    for (const path of ['.env', 'm']) await expect(app.read(path)).rejects.toThrow('ENOENT');
    expect(await app.read('.gitignore')).toBe('');
  });

  it.each([
    [[], 'there is no terminal to ask questions. Give --yes to take the defaults, or --dry-run to write nothing.'],
    [['--options', 'x'], '--options was given. It has no effect here, so leave it out.'],
  ])('refuses %j', async (words, message) => {
    expect(await cli(['init', ...words])).toEqual({ code: 2, out: '', err: `smart-session: init: ${message}\n` });
  });
});
