import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import type { Change, Found } from '../../packages/session-race/src/clients/change.js';
import type { Values } from '../../packages/session-race/src/history/history-request.js';

type LiveSession = Request['session'] & Record<string, unknown>;
type SessionRequest = Request & { session: LiveSession };

/** The same routes for each store: nothing but express-session's own session. */
@Controller()
export class HistoryController {
  @Post('begin') @HttpCode(200) begin(@Req() { session }: SessionRequest, @Body() { puts }: Change): Found {
    Object.assign(session, puts);
    return {};
  }
  @Post('change') @HttpCode(200) async change(@Req() { session }: SessionRequest, @Body() { puts, deletes, wait }: Change): Promise<Found> {
    const found = find(session);
    if (!found.seen) return found;
    await sleep(wait);
    Object.assign(session, puts);
    for (const key of deletes) delete session[key];
    return found;
  }
  @Post('increment') @HttpCode(200) increment(@Req() { session }: SessionRequest): Found {
    const found = find(session);
    if (found.seen) session.count = Number(session.count ?? 0) + 1;
    return found;
  }
  @Post('change-back') @HttpCode(200) changeBack(@Req() { session }: SessionRequest): Found {
    const found = find(session);
    if (!found.seen) return found;
    const { owner } = session;
    session.owner = 'somebody else';
    session.owner = owner;
    return found;
  }
  @Post('put-unstorable') @HttpCode(200) putUnstorable(@Req() { session }: SessionRequest, @Body() { puts }: Change): Found {
    const found = find(session);
    if (found.seen) Object.assign(session, puts, { unstorable: 1n });
    return found;
  }
  @Post('login') @HttpCode(200) async login(@Req() request: SessionRequest, @Body() { puts, wait }: Change): Promise<Found> {
    const found = find(request.session);
    if (!found.seen) return found;
    await sleep(wait);
    await calledBack((done) => request.session.regenerate(done));
    Object.assign(request.session, puts);
    return found;
  }
  @Post('logout') @HttpCode(200) async logout(@Req() { session }: SessionRequest): Promise<Found> {
    const found = find(session);
    if (found.seen) await calledBack((done) => session.destroy(done));
    return found;
  }
}

function find(session: LiveSession): Found {
  const { cookie: _, ...seen } = { ...session };
  return 'owner' in seen ? { seen: seen as unknown as Values } : {};
}

function calledBack(work: (done: (error: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => work((error) => (error ? reject(error as Error) : resolve())));
}
