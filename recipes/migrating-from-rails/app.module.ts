import { Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SqliteDriver } from '@mikro-orm/sqlite';
import { SmartSessionModule, defineSessionEntity, defineSessionLeaseEntity } from 'nestjs-smart-session';
import { RailsSessions } from './rails-sessions.js';
import { ShopController } from './shop.controller.js';

@Module({ providers: [RailsSessions], exports: [RailsSessions] })
class RailsSessionsModule {}

@Module({
  imports: [
    MikroOrmModule.forRoot({
      driver: SqliteDriver,
      dbName: process.env.SQLITE_FILE ?? 'shop.sqlite',
      entities: [defineSessionEntity({ tableName: 'web_sessions' }), defineSessionLeaseEntity({ tableName: 'web_sessions' })],
      // The tables of the Rails app. Otherwise `schema.update()` would drop them.
      schemaGenerator: { skipTables: ['sessions'] },
    }),
    SmartSessionModule.forRootAsync({
      imports: [RailsSessionsModule],
      inject: [RailsSessions],
      useFactory: (railsSessions: RailsSessions) => ({
        // `sessions` is the table of the Rails app.
        tableName: 'web_sessions',
        createTable: true,
        migrateFrom: railsSessions,
        // Sends a new cookie to a browser that has only the Rails cookie.
        rolling: true,
        userId: 'user_id',
      }),
    }),
  ],
  controllers: [ShopController],
})
export class AppModule {}
