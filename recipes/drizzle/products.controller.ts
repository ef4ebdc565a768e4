import { Controller, Inject, Param, Post, Session } from '@nestjs/common';
import { eq, sql } from 'drizzle-orm';
import type { SessionData } from 'express-session';
import { DATABASE, type Database } from './database.module.js';
import { products } from './products.table.js';
import './session-data.js';

@Controller('products')
export class ProductsController {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  @Post(':sku/views')
  async view(@Session() session: SessionData, @Param('sku') sku: string) {
    await this.database
      .update(products)
      .set({ views: sql`${products.views} + 1` })
      .where(eq(products.sku, sku));
    session[`seen ${sku}`] = new Date().toISOString();
    return session;
  }
}
