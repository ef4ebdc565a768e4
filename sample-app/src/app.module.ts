import { Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SmartSessionModule, counter, deep, unionBy } from 'nestjs-smart-session';
import { AppController } from './app.controller.js';
import ormOptions from './mikro-orm.config.js';
import { ShopController } from './shop.controller.js';

@Module({
  imports: [
    MikroOrmModule.forRoot(ormOptions),
    SmartSessionModule.forRoot({
      // For a sample only: with an environment variable SESSION_SECRET, leave the secret out.
      secret: process.env.SESSION_SECRET ?? 'the sample has no secret to keep',
      userId: 'userId',
      createTable: true,
      merge: {
        visits: counter(),
        cart: unionBy('sku', { quantity: counter() }),
        preferences: deep(),
      },
    }),
  ],
  controllers: [AppController, ShopController],
})
export class AppModule {}
