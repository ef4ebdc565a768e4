import { Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SqliteDriver } from '@mikro-orm/sqlite';
import { SessionEntity, SessionLeaseEntity, SmartSessionModule, counter } from 'nestjs-smart-session';
import { Article } from './article.entity.js';
import { ArticlesController } from './articles.controller.js';

@Module({
  imports: [
    MikroOrmModule.forRoot({
      contextName: 'content',
      registerRequestContext: false,
      driver: SqliteDriver,
      dbName: process.env.CONTENT_FILE ?? 'content.sqlite',
      entities: [Article],
    }),
    MikroOrmModule.forRoot({
      contextName: 'sessions',
      registerRequestContext: false,
      driver: SqliteDriver,
      dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite',
      entities: [SessionEntity, SessionLeaseEntity],
    }),
    MikroOrmModule.forMiddleware(),
    SmartSessionModule.forRoot({ contextName: 'sessions', createTable: true, merge: { articlesRead: counter() } }),
  ],
  controllers: [ArticlesController],
})
export class AppModule {}
