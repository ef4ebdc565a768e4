import { promisify } from 'node:util';
import { Controller, Get, Post, Redirect, Req, UseFilters, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService } from 'nestjs-smart-session';
import { LoggedInGuard, LoginGuard } from './auth.guards.js';
import { LoginPageFilter } from './login-page.filter.js';
import './session-data.js';
import type { User } from './users.service.js';

const LOGIN_PAGE = '<form method="post"><input name="username"><input name="password" type="password"><button>Log in</button></form>';

@Controller()
@UseFilters(LoginPageFilter)
export class AuthController {
  constructor(private readonly sessions: SessionService) {}

  @Get('login')
  show(): string {
    return LOGIN_PAGE;
  }

  @Post('login')
  @UseGuards(LoginGuard)
  @Redirect('/profile', 303)
  login(): void {}

  @Post('logout')
  @Redirect('/login', 303)
  async logout(@Req() request: Request): Promise<void> {
    await promisify<void>((done) => request.logout(done))();
  }

  @Get('profile')
  @UseGuards(LoggedInGuard)
  async profile(@Req() { user, session }: Request): Promise<object> {
    const { id, name } = user as User;
    const devices = await this.sessions.list({ userId: id });
    return { name, lastPage: session.lastPage, devices: devices.length };
  }

  @Post('logout-elsewhere')
  @UseGuards(LoggedInGuard)
  async logoutElsewhere(@Req() { user, sessionID }: Request): Promise<{ loggedOut: number }> {
    return { loggedOut: await this.sessions.destroyAll({ userId: (user as User).id, except: sessionID }) };
  }
}
