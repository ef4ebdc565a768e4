import { Body, Controller, Get, Post, Query, Req, Session, Sse, type MessageEvent } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { catchError, map, of, type Observable } from 'rxjs';
import { NoTouch } from 'nestjs-smart-session';
import '../session-data.js';
import { Devices } from './devices.js';
import { LivePanels } from './live-panels.js';
import { PLAIN_STORES } from './plain-stores/index.js';
import { PLAN_LIMITS, planOf } from './race-plan.js';
import { ProcessPool } from './process-pool.js';
import { RaceRunner } from './race-runner.js';

/** The API of the race lab's page. */
@Controller('lab')
export class LabController {
  constructor(
    private readonly races: RaceRunner,
    private readonly pool: ProcessPool,
    private readonly devices: Devices,
    private readonly panels: LivePanels,
  ) {}

  /** Returns the limits of the page's form, the database of both stores, and the plain stores. */
  @Get()
  facts(): object {
    // A visitor of the page will race. If a process does not start, the race reports it.
    this.pool.urls(PLAN_LIMITS.processes.usual).catch(() => {});
    const stores = PLAIN_STORES.map(({ name, isShared }) => ({ name, isShared }));
    return { database: process.env.DATABASE ?? 'sqlite', stores, limits: PLAN_LIMITS };
  }

  /** Runs a race and streams its events. */
  @Sse('race')
  @NoTouch()
  race(@Query() query: Record<string, unknown>): Observable<MessageEvent> {
    return this.races.run(planOf(query)).pipe(
      catchError((error: unknown) => of({ type: 'failure', message: String(error) })),
      map((data) => ({ data })),
    );
  }

  /** Opens a live panel, which another process holds. */
  @Sse('live')
  @NoTouch()
  live(@Req() { headers }: Request): Observable<MessageEvent> {
    return this.panels.open(headers.cookie ?? '');
  }

  /** Lists the visitor's other devices. */
  @Get('devices')
  look(@Req() request: Request, @Session() { userId }: SessionData): Promise<unknown> | [] {
    return userId === undefined ? [] : this.devices.look(ownUrl(request), userId);
  }

  /** Logs the visitor in on another device. */
  @Post('devices')
  async add(@Req() request: Request, @Session() { userId }: SessionData, @Body() { name }: { name: string }): Promise<void> {
    if (userId !== undefined) await this.devices.add(ownUrl(request), userId, String(name));
  }
}

function ownUrl({ socket }: Request): string {
  return `http://127.0.0.1:${socket.localPort}`;
}
