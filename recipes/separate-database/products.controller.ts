import { Controller, Get, Param, Session, type OnModuleInit } from '@nestjs/common';
import { EntityManager, MikroORM } from '@mikro-orm/core';
import type { SessionData } from 'express-session';
import { Product } from './product.entity.js';
import './session-data.js';

@Controller('products')
export class ProductsController implements OnModuleInit {
  constructor(
    private readonly em: EntityManager,
    private readonly orm: MikroORM,
  ) {}

  /** Creates sample data. A real app has migrations. */
  async onModuleInit(): Promise<void> {
    await this.orm.schema.update();
    await this.em.fork().upsert(Product, { sku: 'tea', name: 'Green tea' });
  }

  @Get(':sku')
  async show(@Session() session: SessionData, @Param('sku') sku: string) {
    const { name } = await this.em.findOneOrFail(Product, { sku });
    const before = session.lastSeen;
    session.lastSeen = name;
    return { name, before };
  }
}
