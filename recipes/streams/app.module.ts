import { Module } from '@nestjs/common';
import { SmartSessionModule, counter } from 'nestjs-smart-session';
import { ImporterService } from './importer.service.js';
import { ImportsController } from './imports.controller.js';

@Module({
  imports: [
    SmartSessionModule.forRoot('sqlite', {
      connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
      createTable: true,
      merge: { downloads: counter() },
    }),
  ],
  providers: [ImporterService],
  controllers: [ImportsController],
})
export class AppModule {}
