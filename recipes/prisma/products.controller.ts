import { Controller, Param, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { PrismaClient } from './generated/client.js';
import './session-data.js';

@Controller('products')
export class ProductsController {
  constructor(private readonly prisma: PrismaClient) {}

  @Post(':sku/views')
  async view(@Session() session: SessionData, @Param('sku') sku: string) {
    await this.prisma.product.updateMany({ where: { sku }, data: { views: { increment: 1 } } });
    session[`viewed ${sku}`] = new Date().toISOString();
    return session;
  }
}
