import { Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SqliteDriver } from '@mikro-orm/sqlite';
import { SessionEntity, SessionLeaseEntity, SmartSessionModule } from 'nestjs-smart-session';
import { CartController } from './cart.controller.js';
import { Order } from './order.entity.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [
    MikroOrmModule.forRoot({
      driver: SqliteDriver,
      dbName: process.env.SQLITE_FILE ?? 'shop.sqlite',
      entities: [SessionEntity, SessionLeaseEntity, Order],
    }),
    // Without `connection`, the sessions are in the database of the app. Only there one transaction can write both.
    SmartSessionModule.forRoot({ createTable: true }),
  ],
  controllers: [CartController, OrdersController],
  providers: [OrdersService],
})
export class AppModule {}
