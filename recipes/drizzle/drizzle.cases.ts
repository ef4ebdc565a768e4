import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseContext } from 'nestjs-smart-session';
import { describeUnless } from '../../test/support/describe-unless.js';
import { DATABASES } from '../../test/support/databases.js';
import { expectToKeepViews, printedTables } from '../../test/support/own-pool-recipe.js';
import { startRecipe } from '../../test/support/recipe.js';
import { ownDatabase } from '../../test/support/scratch-database.js';
import { POSTGRESQL } from '../../test/support/servers.js';
import * as onPostgresql from './database.module.js';
import * as onSqlite from './sqlite/database.module.js';

const statementsIn = (file: string) => readFileSync(`recipes/drizzle/${file}`, 'utf8').trim().split('\n--> statement-breakpoint\n');

describeUnless(!DATABASES.includes('postgresql') && 'not testing on postgresql', "sessions on Drizzle's pool", () => {
  const { host, port, user, password } = POSTGRESQL;
  const { dbName } = ownDatabase('postgresql', 'recipe_drizzle');

  it('keeps all changes, and leaves the pool to the app', async () => {
    const app = await startRecipe(() => import('./main.js'), {
      DATABASE_URL: `postgresql://${user}:${password}@${host}:${port}/${dbName}`,
    });
    await expectToKeepViews(app, 'seen');
    const { $client: pool } = app.get<onPostgresql.Database>(onPostgresql.DATABASE, { strict: false });
    expect((await pool.query('select sku, views from products order by sku')).rows).toEqual([
      { sku: 'mug', views: 1 },
      { sku: 'tea', views: 2 },
    ]);
    expect(statementsIn('migrations/0001_sessions.sql')).toEqual(printedTables(app.get(DatabaseContext, { strict: false })));
    await app.close();
    expect(pool.ended).toBe(true);
  });
});

describe("sessions in Drizzle's SQLite file", () => {
  const directory = mkdtempSync(join(tmpdir(), 'recipe-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('keeps all changes, and leaves the file to the app', async () => {
    const app = await startRecipe(() => import('./sqlite/main.js'), { SQLITE_FILE: join(directory, 'shop.sqlite') });
    await expectToKeepViews(app, 'seen');
    const { $client: file } = app.get<onSqlite.Database>(onSqlite.DATABASE, { strict: false });
    expect(file.prepare('select sku, views from products order by sku').all()).toEqual([
      { sku: 'mug', views: 1 },
      { sku: 'tea', views: 2 },
    ]);
    expect(statementsIn('sqlite/migrations/0001_sessions.sql')).toEqual(printedTables(app.get(DatabaseContext, { strict: false })));
    await app.close();
    expect(file.open).toBe(false);
  });
});
