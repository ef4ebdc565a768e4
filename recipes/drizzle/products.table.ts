import { integer, pgTable, text } from 'drizzle-orm/pg-core';

export const products = pgTable('products', {
  sku: text().primaryKey(),
  views: integer().notNull().default(0),
});
