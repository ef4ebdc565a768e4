import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SmartSessionModule } from 'nestjs-smart-session';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Product } from './product.entity.js';
import { Products1780000000000 } from './products.migration.js';
import { ProductsController } from './products.controller.js';
import { Sessions1780000000001 } from './sessions.migration.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL!,
      entities: [Product],
      migrations: [Products1780000000000, Sessions1780000000001],
      migrationsRun: true,
    }),
    TypeOrmModule.forFeature([Product]),
    SmartSessionModule.forRootAsync({
      inject: [DataSource],
      // The pool of pg that TypeORM has opened.
      useFactory: ({ driver }: DataSource) => ({ dialect: 'postgresql', client: (driver as PostgresDriver).master }),
    }),
  ],
  controllers: [ProductsController],
})
export class AppModule {}
