import { Module } from '@nestjs/common';
import { SmartSessionModule } from 'nestjs-smart-session';
import { AppController } from './app.controller.js';
import { ImpersonationService } from './impersonation.service.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [
    SmartSessionModule.forRoot('sqlite', {
      connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
      createTable: true,
      userId: 'user',
      devices: true,
    }),
  ],
  providers: [ImpersonationService, UsersService],
  controllers: [AppController],
})
export class AppModule {}
