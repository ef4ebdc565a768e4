import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { SmartSessionModule } from 'nestjs-smart-session';
import { AuthController } from './auth.controller.js';
import { oidcProvider } from './oidc.provider.js';
import { OidcStrategy } from './oidc.strategy.js';
import { ProfileController } from './profile.controller.js';
import { TokensService } from './tokens.service.js';

@Module({
  imports: [
    PassportModule,
    SmartSessionModule.forRoot({
      dialect: 'sqlite',
      connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
      createTable: true,
    }),
  ],
  controllers: [AuthController, ProfileController],
  providers: [oidcProvider, OidcStrategy, TokensService],
})
export class AppModule {}
