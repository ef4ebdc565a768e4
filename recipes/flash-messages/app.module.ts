import { Module } from '@nestjs/common';
import { SmartSessionModule, append } from 'nestjs-smart-session';
import { AppController } from './app.controller.js';
import { FlashService } from './flash.service.js';

@Module({
  imports: [
    SmartSessionModule.forRoot('sqlite', {
      connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
      createTable: true,
      merge: { flash: append() },
    }),
  ],
  providers: [FlashService],
  controllers: [AppController],
})
export class AppModule {}
