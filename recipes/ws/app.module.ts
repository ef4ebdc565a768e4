import { Module } from '@nestjs/common';
import { SmartSessionModule } from 'nestjs-smart-session';
import { AppController } from './app.controller.js';
import { ChatGateway } from './chat.gateway.js';

@Module({
  imports: [
    SmartSessionModule.forRoot('sqlite', {
      connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
      createTable: true,
    }),
  ],
  providers: [ChatGateway],
  controllers: [AppController],
})
export class AppModule {}
