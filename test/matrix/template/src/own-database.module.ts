import { Module } from '@nestjs/common';
import { SmartSessionModule } from 'nestjs-smart-session';
import { database } from './database';
import { VisitsController } from './visits.controller';

/** Sessions on a database of their own, whose driver the library imports. */
@Module({
  imports: [
    SmartSessionModule.forRoot('postgresql', {
      secret: 'a secret of the compatibility matrix',
      createTable: true,
      tableName: 'template_own',
      connection: database,
    }),
  ],
  controllers: [VisitsController],
})
export class OwnDatabaseModule {}
