import { Body, Controller, Delete, ForbiddenException, Get, Param, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService, type UserSession } from 'nestjs-smart-session';
import { ImpersonationService } from './impersonation.service.js';
import './session-data.js';
import { UserGuard } from './user.guard.js';
import { UsersService } from './users.service.js';

@Controller()
export class AppController {
  constructor(
    private readonly sessions: SessionService,
    private readonly users: UsersService,
    private readonly impersonation: ImpersonationService,
  ) {}

  /** An app checks a password here. */
  @Post('login')
  async login(@Req() request: Request, @Body() { user }: { user: string }): Promise<void> {
    if (!this.users.exists(user)) throw new ForbiddenException();
    await this.sessions.regenerate(request);
    request.session.user = user;
  }

  @Post('impersonation/:user')
  @UseGuards(UserGuard)
  start(@Req() request: Request, @Param('user') user: string): Promise<void> {
    return this.impersonation.start(request, user);
  }

  @Delete('impersonation')
  @UseGuards(UserGuard)
  stop(@Req() request: Request): Promise<void> {
    return this.impersonation.stop(request);
  }

  @Get('account')
  @UseGuards(UserGuard)
  account(@Req() { session: { user, actor } }: Request): object {
    return { user, isAdmin: this.users.isAdmin(user), actor: actor?.id ?? null };
  }

  @Post('orders')
  @UseGuards(UserGuard)
  order(@Req() request: Request): void {
    this.impersonation.log(request, 'orders tea');
  }

  @Get('devices')
  @UseGuards(UserGuard)
  devices(@Req() { session, sessionID }: Request): Promise<UserSession[]> {
    return this.sessions.list({ userId: session.user!, current: sessionID });
  }

  /** Also ends the sessions of administrators who act as the user. */
  @Delete('devices')
  @UseGuards(UserGuard)
  async logoutEverywhere(@Req() { session }: Request): Promise<void> {
    await this.sessions.destroyAll({ userId: session.user! });
  }
}
