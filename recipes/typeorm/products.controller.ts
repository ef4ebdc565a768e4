import { Controller, Param, Post, Session } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { SessionData } from 'express-session';
import { Repository } from 'typeorm';
import { Product } from './product.entity.js';
import './session-data.js';

@Controller('products')
export class ProductsController {
  constructor(@InjectRepository(Product) private readonly products: Repository<Product>) {}

  @Post(':sku/views')
  async view(@Session() session: SessionData, @Param('sku') sku: string) {
    await this.products.increment({ sku }, 'views', 1);
    session[`viewed ${sku}`] = new Date().toISOString();
    return session;
  }
}
