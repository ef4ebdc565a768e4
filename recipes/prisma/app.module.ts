import { Module } from '@nestjs/common';
import { SmartSessionModule } from 'nestjs-smart-session';
import { Pool } from 'pg';
import { DatabaseModule } from './database.module.js';
import { ProductsController } from './products.controller.js';

@Module({
  imports: [
    DatabaseModule,
    SmartSessionModule.forRootAsync({
      imports: [DatabaseModule],
      inject: [Pool],
      useFactory: (pool: Pool) => ({ dialect: 'postgresql', client: pool }),
    }),
  ],
  controllers: [ProductsController],
})
export class AppModule {}
