import { Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SessionBoardModule, SmartSessionModule } from 'nestjs-smart-session';
import { AppController } from './app.controller.js';
import { LocalGuard } from './local.guard.js';
import { LabModule } from './lab/lab.module.js';
import ormOptions from './mikro-orm.config.js';
import { sessionOptions } from './session-options.js';
import { ShopController } from './shop.controller.js';

@Module({
  imports: [
    MikroOrmModule.forRoot(ormOptions),
    SmartSessionModule.forRoot(sessionOptions),
    SessionBoardModule.forRoot({ path: 'board', guard: LocalGuard }),
    LabModule,
  ],
  controllers: [AppController, ShopController],
})
export class AppModule {}
