import { Module, type OnModuleInit } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { AuthController } from './auth.controller.js';
import { HealthController } from './health.controller.js';
import { LocalStrategy } from './local.strategy.js';
import { PagesController } from './pages.controller.js';
import { SessionSerializer } from './session.serializer.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [PassportModule],
  providers: [UsersService, LocalStrategy, SessionSerializer],
  controllers: [AuthController, PagesController, HealthController],
})
export class AuthModule implements OnModuleInit {
  constructor(private readonly users: UsersService) {}

  /** Creates a user for the example. */
  async onModuleInit(): Promise<void> {
    await this.users.create('anna', 'correct horse');
  }
}
