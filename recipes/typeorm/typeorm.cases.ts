import { readFileSync } from 'node:fs';
import { DatabaseContext } from 'nestjs-smart-session';
import { DataSource } from 'typeorm';
import { describeUnless } from '../../test/support/describe-unless.js';
import { DATABASES } from '../../test/support/databases.js';
import { expectToKeepViews, printedTables } from '../../test/support/own-pool-recipe.js';
import { startRecipe } from '../../test/support/recipe.js';
import { ownDatabase } from '../../test/support/scratch-database.js';
import { POSTGRESQL } from '../../test/support/servers.js';

describeUnless(!DATABASES.includes('postgresql') && 'not testing on postgresql', "sessions on TypeORM's pool", () => {
  const { host, port, user, password } = POSTGRESQL;
  const { dbName } = ownDatabase('postgresql', 'recipe_typeorm');

  it('keeps all changes, and leaves the pool to TypeORM', async () => {
    const app = await startRecipe(() => import('./main.js'), {
      DATABASE_URL: `postgresql://${user}:${password}@${host}:${port}/${dbName}`,
    });
    await expectToKeepViews(app, 'viewed');
    const source = app.get(DataSource);
    expect(await source.query('select sku, views from products order by sku')).toEqual([
      { sku: 'mug', views: 1 },
      { sku: 'tea', views: 2 },
    ]);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    const migration = readFileSync('recipes/typeorm/sessions.migration.ts', 'utf8');
    for (const statement of printedTables(app.get(DatabaseContext, { strict: false })))
      expect(migration).toContain(statement.replace(/;$/, ''));
    await app.close();
    expect(source.isInitialized).toBe(false);
  });
});
