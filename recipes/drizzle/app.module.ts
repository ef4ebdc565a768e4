import { Module } from '@nestjs/common';
import { SmartSessionModule } from 'nestjs-smart-session';
import { DATABASE, DatabaseModule, type Database } from './database.module.js';
import { ProductsController } from './products.controller.js';

@Module({
  imports: [
    DatabaseModule,
    SmartSessionModule.forRootAsync({
      imports: [DatabaseModule],
      inject: [DATABASE],
      // The pool that Drizzle uses.
      useFactory: (database: Database) => ({ dialect: 'postgresql', client: database.$client }),
    }),
  ],
  controllers: [ProductsController],
})
export class AppModule {}
