import { readFileSync, readdirSync } from 'node:fs';
import { DatabaseContext, SmartSessionOptions } from 'nestjs-smart-session';
import { Pool } from 'pg';
import { PrismaClient } from '../../recipes/prisma/generated/client.js';
import { expectToKeepViews, printedTables } from '../support/own-pool-recipe.js';
import { startRecipe } from '../support/recipe.js';
import { ownDatabase } from '../support/scratch-database.js';
import { POSTGRESQL } from '../support/servers.js';

const MIGRATIONS = 'recipes/prisma/prisma/migrations';
const migration = (name: string) => readFileSync(`${MIGRATIONS}/${name}/migration.sql`, 'utf8');

describe("sessions on the pool of Prisma's driver adapter", () => {
  const { host, port, user, password } = POSTGRESQL;
  const { dbName } = ownDatabase('postgresql', 'recipe_prisma');
  const url = `postgresql://${user}:${password}@${host}:${port}/${dbName}`;

  /** Prisma's program for migrations is not on npm. So the SQL is run as it would be. */
  beforeAll(async () => {
    const pool = new Pool({ connectionString: url });
    const names = readdirSync(MIGRATIONS).filter((name) => !name.includes('.'));
    for (const name of names.toSorted()) await pool.query(migration(name));
    await pool.end();
  });

  it('keeps all changes, and leaves the pool to the app', async () => {
    const app = await startRecipe(() => import('../../recipes/prisma/main.js'), { DATABASE_URL: url });
    await expectToKeepViews(app, 'viewed');
    const prisma = app.get(PrismaClient, { strict: false });
    expect(await prisma.product.findMany({ orderBy: { sku: 'asc' } })).toEqual([
      { sku: 'mug', views: 1 },
      { sku: 'tea', views: 2 },
    ]);
    expect(migration('20260101000001_sessions').trim().split('\n')).toEqual(printedTables(app.get(DatabaseContext, { strict: false })));
    const pool = app.get(SmartSessionOptions, { strict: false }).client as Pool;
    await app.close();
    expect(pool.ended).toBe(true);
  });
});
