import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { SmartSessionModule } from 'nestjs-smart-session';
import passport from 'passport';
import { AuthModule } from './auth.module.js';
import { sessionOptions, withoutSession } from './session.options.js';

@Module({ imports: [SmartSessionModule.forRoot({ ...sessionOptions, exclude: withoutSession }), AuthModule] })
export class AppModule implements NestModule {
  /** SmartSessionModule is global, so its middleware runs before this. Without a session, Passport would answer 500. */
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(passport.session())
      .exclude(...withoutSession)
      .forRoutes('{*path}');
  }
}
