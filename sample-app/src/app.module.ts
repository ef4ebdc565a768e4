import { Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SmartSessionModule } from 'nestjs-smart-session';
import { AppController } from './app.controller.js';
import ormOptions from './mikro-orm.config.js';

@Module({
  imports: [
    MikroOrmModule.forRoot(ormOptions),
    SmartSessionModule.forRoot({
      // For a sample only: with an environment variable SESSION_SECRET, leave the secret out.
      secret: process.env.SESSION_SECRET ?? 'the sample has no secret to keep',
      userId: 'userId',
      createTable: true,
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
