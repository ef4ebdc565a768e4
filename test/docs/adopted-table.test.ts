import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { EntitySchema, MikroORM } from '@mikro-orm/sql';
import { Migration, Migrator } from '@mikro-orm/migrations';
import { SessionEntity, SessionLeaseEntity, SmartSessionOptions, SqlSessionRepository } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { DATABASES, connectionOptions } from '../support/databases.js';
import { readPage } from '../support/markdown.js';
import { createDatabase, dropDatabase } from '../support/scratch-database.js';
import { serviceOver } from '../support/service-over.js';
import { AddSessions } from './sessions-migration.js';

const Article = new EntitySchema({ name: 'Article', tableName: 'articles', properties: { id: { type: 'integer', primary: true } } });

/** The rows of docs/setup.md that find the table. */
const LOOKS = new Map(
  [...readPage('docs/setup.md').text.matchAll(/^\| ([\w ,]+) \| `(select 1 from .*)` \|$/gm)].map(([, names, sql]) => [names!, sql!]),
);
const lookOn = (database: string) =>
  [...LOOKS].find(([names]) =>
    names
      .toLowerCase()
      .split(/, | and /)
      .includes(database),
  )![1];

/** The statements of the migration that docs/setup.md shows. */
const STATEMENTS_SHOWN = [...readFileSync('test/docs/sessions-migration.ts', 'utf8').matchAll(/this\.addSql\(\s*`(.*?)`,?\s*\)/gs)].map(
  ([, sql]) => sql,
);

beforeAll(() => Logger.overrideLogger(false));

describe.each(DATABASES)('a table that createTable has made, on %s', (database) => {
  const names = [`adopted_${database}`, `fresh_${database}`];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'adopted-table-'));
    if (database !== 'sqlite') for (const name of names) await createDatabase(database, name);
  });
  afterAll(async () => {
    if (database !== 'sqlite') for (const name of names) await dropDatabase(database, name);
    await rm(folder, { recursive: true });
  });

  /** The app's MikroORM with these entities and migrations. */
  function open(
    name: string,
    entities: unknown[],
    migrations: Record<string, new (...given: never[]) => Migration> = {},
  ): Promise<MikroORM> {
    const migrationsList = Object.entries(migrations).map(([file, migration]) => ({ name: file, class: migration }));
    return MikroORM.init(
      connectionOptions(database, {
        dbName: database === 'sqlite' ? join(folder, name) : name,
        entities,
        extensions: [Migrator],
        logger: () => undefined,
        migrations: { path: folder, pathTs: folder, snapshotName: 'snapshot', ...(migrationsList.length > 0 ? { migrationsList } : {}) },
      }),
    );
  }

  async function sessionsOn(orm: MikroORM, createTable: boolean) {
    return serviceOver(new SqlSessionRepository(await openDatabase(new SmartSessionOptions({ secret: 'x', createTable }), orm))).sessions;
  }

  /** A migration of these statements, behind a look that may find that there is nothing to do. */
  const migrationOf = (statements: readonly string[], look?: string) =>
    class extends Migration {
      override async up(): Promise<void> {
        if (look && (await this.execute(look)).length > 0) return;
        for (const statement of statements) if (statement) this.addSql(statement);
      }
    };

  it('goes over to migrations, with its sessions, and is made by them elsewhere', async () => {
    const id = randomUUID();
    // Before: a migration of the app's own table, and createTable.
    const before = await open(names[0]!, [Article]);
    const first = migrationOf((await before.migrator.create(undefined, false, true)).diff.up);
    await before.schema.execute('drop table if exists mikro_orm_migrations');
    await before.close();
    const running = await open(names[0]!, [Article], { First: first });
    await running.migrator.up();
    await (await sessionsOn(running, true)).commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { a: 1 }));
    await running.close();

    // The entity is added, and `migration:create` writes what makes the table.
    const changed = await open(names[0]!, [Article, SessionEntity, SessionLeaseEntity], { First: first });
    const { diff } = await changed.migrator.create();
    expect(diff.up.join('\n')).toMatch(/create table ["`]sessions["`]/);
    expect(diff.up.join('\n')).not.toMatch(/drop|articles/);
    if (database === 'postgresql') expect(STATEMENTS_SHOWN).toEqual(diff.up.filter(Boolean));
    expect((await changed.migrator.create()).diff.up).toEqual([]);
    await changed.close();

    // As it was written it fails where the table is. Behind the look it does nothing.
    const plain = await open(names[0]!, [Article, SessionEntity, SessionLeaseEntity], { First: first, Second: migrationOf(diff.up) });
    await expect(plain.migrator.up()).rejects.toThrow(/already exists/);
    await plain.close();
    const second = database === 'postgresql' ? AddSessions : migrationOf(diff.up, lookOn(database));
    const adopted = await open(names[0]!, [Article, SessionEntity, SessionLeaseEntity], { First: first, Second: second });
    expect((await adopted.migrator.up()).map(({ name }) => name)).toEqual(['Second']);
    expect(await (await sessionsOn(adopted, false)).load(id)).toMatchObject({ a: 1 });
    const changes = await adopted.schema.getUpdateSchemaSQL({ safe: true });
    expect(changes.split('\n').filter((line) => /(create|drop) table.*sessions/.test(line))).toEqual([]);
    await adopted.close();

    const fresh = await open(names[1]!, [Article, SessionEntity, SessionLeaseEntity], { First: first, Second: second });
    await fresh.migrator.up();
    await (await sessionsOn(fresh, false)).commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { a: 2 }));
    expect(await (await sessionsOn(fresh, true)).load(id)).toMatchObject({ a: 2 });
    await fresh.close();
  });
});
