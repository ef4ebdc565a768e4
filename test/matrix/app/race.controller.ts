import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Module, Param, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';

declare module 'express-session' {
  interface SessionData {
    [key: `key${string}`]: number;
  }
}

@Controller()
export class RaceController {
  @Post('keys/:n')
  async set(@Session() session: SessionData, @Param('n') n: string): Promise<void> {
    await sleep(Math.random() * 20);
    session[`key${n}`] = 1;
  }

  @Get('keys')
  keys(@Session() session: SessionData): string[] {
    return Object.keys(session).filter((key) => key.startsWith('key'));
  }
}

@Module({ controllers: [RaceController] })
export class RaceModule {}
