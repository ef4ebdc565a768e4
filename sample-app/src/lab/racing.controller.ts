import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Delete, Get, Param, Post, Query, Req, Session } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import '../session-data.js';
import { record } from './recorder.js';

/** The handlers of a race. Both sides use this class. It has no code for concurrency. */
@Controller()
export class RacingController {
  /** The first request of a race. It creates the session. */
  @Post('start')
  start(@Session() session: SessionData, @Body() { race }: { race: string }): void {
    session.race = race;
    session.userId = 'anna';
  }

  /** Sets one key after `wait` ms of work. */
  @Post('tabs/:n')
  visitTab(@Session() session: SessionData, @Param('n') n: number, @Query('wait') wait: string): Promise<void> {
    return record('handler', async () => {
      await sleep(Number(wait));
      session[`tab${n}`] = new Date().toISOString();
    });
  }

  /** Counts a visit and puts one item in the cart after `wait` ms of work. */
  @Post('shop/:sku')
  shop(@Session() session: SessionData, @Param('sku') sku: string, @Query('wait') wait: string): Promise<void> {
    return record('handler', async () => {
      await sleep(Number(wait));
      session.visits = (session.visits ?? 0) + 1;
      const cart = (session.cart ??= []);
      const item = cart.find((other) => other.sku === sku);
      if (item) item.quantity += 1;
      else cart.push({ sku, quantity: 1 });
    });
  }

  @Get('session')
  read(@Session() session: SessionData): Partial<SessionData> {
    const { cookie: _, ...values } = session;
    return values;
  }

  @Delete('session')
  logout(@Req() { session }: Request): Promise<void> {
    return record('handler', () => new Promise<void>((resolve, reject) => session.destroy((error) => (error ? reject(error) : resolve()))));
  }
}
