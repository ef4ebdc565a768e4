import type { INestApplication } from '@nestjs/common';
import { DatabaseContext } from '../../src/index.js';
import { Browser } from './browser.js';

/** The SQL that the command line prints for the tables. */
export function printedTables({ dialect, tableName, schema }: DatabaseContext): string[] {
  return dialect.tableDefinition(tableName, schema).map((statement) => `${statement};`);
}

/**
 * Expects that an app keeps its sessions on its own pool, while it counts the views of its products.
 *
 * @param key begins the session's key of each product
 */
export async function expectToKeepViews(app: INestApplication, key: string): Promise<void> {
  const browser = new Browser(app);
  await browser.post('/products/tea/views');
  const products = ['mug', ...Array.from({ length: 20 }, (_, n) => `product ${n}`)];
  const answers = await Promise.all(products.map((sku) => browser.post(`/products/${encodeURIComponent(sku)}/views`)));
  expect(answers.map(({ status }) => status)).toEqual(products.map(() => 201));
  const { cookie: _, ...session } = (await browser.post('/products/tea/views')).body as Record<string, unknown>;
  expect(Object.keys(session).toSorted()).toEqual(['tea', ...products].map((sku) => `${key} ${sku}`).toSorted());
  expect(app.get(DatabaseContext, { strict: false }).orm).toBeUndefined();
}
