import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { SessionService, SmartSessionModule } from 'nestjs-smart-session';
import { connectTo } from './connection.js';
import { ShopResolver } from './shop.resolver.js';

@Module({
  imports: [
    SmartSessionModule.forRoot('sqlite', {
      connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
      createTable: true,
    }),
    GraphQLModule.forRootAsync<ApolloDriverConfig>({
      driver: ApolloDriver,
      inject: [SessionService],
      useFactory: (sessions: SessionService) => ({
        autoSchemaFile: true,
        subscriptions: { 'graphql-ws': { onConnect: connectTo(sessions) as never } },
      }),
    }),
  ],
  providers: [ShopResolver],
})
export class AppModule {}
