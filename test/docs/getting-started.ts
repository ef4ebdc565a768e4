import { Controller, Get, Module, Param, Post, Session } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import type { SessionData } from 'express-session';
import { SessionEntity, SessionLeaseEntity, SmartSessionModule } from 'nestjs-smart-session';
import { ormOptions } from './orm-options.js';
import './session-data.js';

@Controller()
class TabsController {
  @Post('tabs/:n')
  visit(@Session() session: SessionData, @Param('n') n: number) {
    session[`tab${n}`] = new Date().toISOString();
  }

  @Get('session')
  read(@Session() session: SessionData): unknown {
    return session;
  }
}

@Module({
  imports: [
    // Your MikroORM. Without these entities, its migrations would drop the two session tables.
    MikroOrmModule.forRoot({ ...ormOptions, entities: [SessionEntity, SessionLeaseEntity] }),
    // The secret comes from the environment variable SESSION_SECRET.
    SmartSessionModule.forRoot('postgresql', { createTable: true }),
  ],
  controllers: [TabsController],
})
export class AppModule {}
