import { Injectable, Module, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { SessionBoardModule, SmartSessionModule } from 'nestjs-smart-session';
import './session-data.js';

@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<Request>();
    return session.user === 'the administrator';
  }
}

@Module({
  imports: [
    SmartSessionModule.forRoot('postgresql', { userId: 'userId' }),
    SessionBoardModule.forRoot({ path: 'sessions', guard: AdminGuard }),
  ],
})
export class AppModule {}
