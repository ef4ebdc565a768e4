import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Delete, Get, NotFoundException, Param, Post, Query, Req, Session } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { SessionService, type UserSession } from 'nestjs-smart-session';
import './session-data.js';

@Controller()
export class AppController {
  constructor(private readonly sessions: SessionService) {}

  /** Returns the session. */
  @Get('session')
  read(@Session() session: SessionData): Partial<SessionData> {
    const { cookie: _, ...values } = session;
    return values;
  }

  /** Sets one key after `wait` ms of work. Send many at once: all keys are kept. */
  @Post('tabs/:n')
  async visitTab(@Session() session: SessionData, @Param('n') n: number, @Query('wait') wait = '20'): Promise<{ tab: number }> {
    await sleep(Math.min(Number(wait) || 0, 5000));
    session[`tab${n}`] = new Date().toISOString();
    return { tab: n };
  }

  /** Logs in with a new session id, so that an attacker cannot have chosen it (session fixation). */
  @Post('login')
  async login(@Req() request: Request, @Body() { userId }: { userId: string }): Promise<{ userId: string }> {
    await this.sessions.regenerate(request);
    request.session.userId = userId;
    return { userId };
  }

  /** Lists the user's sessions. */
  @Get('sessions')
  async list(@Req() { session: { userId }, sessionID }: Request): Promise<UserSession[]> {
    return userId === undefined ? [] : this.sessions.list({ userId, current: sessionID });
  }

  /** Logs one of the user's sessions out. */
  @Delete('sessions/:handle')
  async logoutOne(@Session() { userId }: SessionData, @Param('handle') handle: string): Promise<void> {
    const isEnded = userId !== undefined && (await this.sessions.destroyOne({ userId, handle }));
    if (!isEnded) throw new NotFoundException('You have no such session.');
  }

  /** Logs the user out on all other devices. */
  @Delete('sessions')
  async logoutElsewhere(@Req() { session, sessionID }: Request): Promise<{ destroyed: number }> {
    if (session.userId === undefined) return { destroyed: 0 };
    return { destroyed: await this.sessions.destroyAll({ userId: session.userId, except: sessionID }) };
  }

  @Delete('session')
  logout(@Req() request: Request): Promise<void> {
    return new Promise((resolve, reject) => request.session.destroy((error) => (error ? reject(error) : resolve())));
  }
}
