import { Module } from '@nestjs/common';
import { SmartSessionModule, union } from 'nestjs-smart-session';
import { PreviousStore } from './previous-store.js';
import { ShopController } from '../shop.controller.js';

@Module({ providers: [PreviousStore], exports: [PreviousStore] })
class PreviousStoreModule {}

@Module({
  imports: [
    SmartSessionModule.forRootAsync({
      imports: [PreviousStoreModule],
      inject: [PreviousStore],
      useFactory: (previousStore: PreviousStore) => ({
        dialect: 'sqlite',
        connection: { dbName: process.env.SQLITE_FILE },
        // `sessions` is the table of the previous store.
        tableName: 'web_sessions',
        createTable: true,
        migrateFrom: previousStore,
        // The same cookie as before: name, secret and max age.
        name: 'connect.sid',
        secret: process.env.SESSION_SECRET,
        cookie: { maxAge: 30 * 24 * 60 * 60 * 1000 },
        userId: 'user',
        merge: { wishlist: union() },
      }),
    }),
  ],
  controllers: [ShopController],
})
export class AppModule {}
