import { Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SessionEntity, SessionLeaseEntity, SmartSessionModule } from 'nestjs-smart-session';
import { CartController } from './cart.controller.js';
import { ormOptions } from './orm-options.js';

@Module({
  imports: [
    // Your MikroORM. Without these entities, its migrations would drop the two session tables.
    MikroOrmModule.forRoot({ ...ormOptions, entities: [SessionEntity, SessionLeaseEntity] }),
    // The secret comes from the environment variable SESSION_SECRET.
    SmartSessionModule.forRoot('postgresql', { createTable: true }),
  ],
  controllers: [CartController],
})
export class AppModule {}
