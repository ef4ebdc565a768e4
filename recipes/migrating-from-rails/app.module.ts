import { Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SqliteDriver } from '@mikro-orm/sqlite';
import { SmartSessionModule } from 'nestjs-smart-session';
import { RailsSessions } from './rails-sessions.js';
import { ShopController } from './shop.controller.js';

@Module({ providers: [RailsSessions], exports: [RailsSessions] })
class RailsSessionsModule {}

@Module({
  imports: [
    MikroOrmModule.forRoot({ driver: SqliteDriver, dbName: process.env.SQLITE_FILE ?? 'shop.sqlite', entities: [], discovery: { warnWhenNoEntities: false } }),
    SmartSessionModule.forRootAsync({
      imports: [RailsSessionsModule],
      inject: [RailsSessions],
      useFactory: (railsSessions: RailsSessions) => ({
        // `sessions` is the Rails app's.
        tableName: 'web_sessions',
        createTable: true,
        readThrough: railsSessions,
        // Sends a cookie of our own to who comes with Rails's.
        rolling: true,
        userId: 'user_id',
      }),
    }),
  ],
  controllers: [ShopController],
})
export class AppModule {}
