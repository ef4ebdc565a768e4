import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { SmartSessionModule } from 'nestjs-smart-session';
import passport from 'passport';
import { HealthController } from './health.controller.js';
import sessionOptions, { withoutSession } from './session.options.js';
import { WishlistController } from './wishlist.controller.js';

@Module({
  imports: [SmartSessionModule.forRoot(sessionOptions), TerminusModule],
  controllers: [WishlistController, HealthController],
})
export class AppModule implements NestModule {
  /** Passport needs a session. Without `exclude`, it would answer the probes with 500. */
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(passport.session())
      .exclude(...withoutSession)
      .forRoutes('{*path}');
  }
}
