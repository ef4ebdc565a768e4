import { Module } from '@nestjs/common';
import { SmartSessionModule, counter, deep, unionBy } from 'nestjs-smart-session';
import { CartController } from './cart.controller.js';

@Module({
  imports: [
    SmartSessionModule.forRoot('sqlite', {
      connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
      createTable: true,
      merge: {
        cart: unionBy('sku', { quantity: counter() }),
        preferences: deep(),
      },
    }),
  ],
  controllers: [CartController],
})
export class AppModule {}
