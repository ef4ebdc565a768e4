import { Module } from '@nestjs/common';
import { SmartSessionModule } from 'nestjs-smart-session';
import { AppController } from './app.controller.js';
import { describeDevice } from './describe-device.js';

@Module({
  imports: [
    SmartSessionModule.forRoot('sqlite', {
      connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
      createTable: true,
      userId: 'user',
      devices: { ip: 'anonymized', describe: describeDevice },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
