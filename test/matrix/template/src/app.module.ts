import { MikroOrmModule } from '@mikro-orm/nestjs';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { Module } from '@nestjs/common';
import { SessionEntity, SessionLeaseEntity, SmartSessionModule } from 'nestjs-smart-session';
import { AppController } from './app.controller';
import { AppService } from './app.service';
import { database } from './database';
import { VisitsController } from './visits.controller';

/** The template's module, with sessions on the app's MikroORM. */
@Module({
  imports: [
    MikroOrmModule.forRoot({ ...database, driver: PostgreSqlDriver, entities: [SessionEntity, SessionLeaseEntity] }),
    SmartSessionModule.forRoot('postgresql', {
      secret: 'a secret of the compatibility matrix',
      createTable: true,
      tableName: 'template_shared',
      serializer: 'rich',
    }),
  ],
  controllers: [AppController, VisitsController],
  providers: [AppService],
})
export class AppModule {}
