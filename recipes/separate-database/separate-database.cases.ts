import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/core';
import { SqliteDriver } from '@mikro-orm/sqlite';
import { DatabaseContext } from 'nestjs-smart-session';
import { Browser } from '../../test/support/browser.js';
import { startRecipe } from '../../test/support/recipe.js';

describe('a separate database for the sessions', () => {
  const directory = mkdtempSync(join(tmpdir(), 'recipe-'));
  const shop = join(directory, 'shop.sqlite');
  const sessions = join(directory, 'sessions.sqlite');
  afterAll(() => rmSync(directory, { recursive: true }));

  it("keeps the sessions in their own database, and none in the shop's", async () => {
    const app = await startRecipe(() => import('./main.js'), { SHOP_DATABASE: shop, SESSIONS_DATABASE: sessions });
    const { orm } = app.get(DatabaseContext, { strict: false });
    const browser = new Browser(app);
    expect((await browser.get('/products/tea')).body).toEqual({ name: 'Green tea' });
    expect((await browser.get('/products/tea')).body).toEqual({ name: 'Green tea', before: 'Green tea' });
    expect(app.get(MikroORM)).not.toBe(orm);
    await app.close();
    expect(await orm!.isConnected()).toBe(false);
    expect(await tablesOf(shop)).toEqual(['product']);
    expect(await tablesOf(sessions)).toEqual(['sessions', 'sessions_leases']);
  });

  async function tablesOf(dbName: string): Promise<unknown> {
    const orm = await MikroORM.init({ driver: SqliteDriver, dbName, entities: [], discovery: { warnWhenNoEntities: false } });
    try {
      const rows = await orm.em.getConnection().execute("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'");
      return (rows as { name: string }[]).map(({ name }) => name);
    } finally {
      await orm.close();
    }
  }
});
