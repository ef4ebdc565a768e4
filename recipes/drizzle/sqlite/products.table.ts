import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const products = sqliteTable('products', {
  sku: text().primaryKey(),
  views: integer().notNull().default(0),
});
