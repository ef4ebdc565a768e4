import { Controller, Get, Param, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { SessionService } from '../../src/index.js';
import { FIRST, type Answer, type Values } from './operation.js';

type Draft = { -readonly [Name in keyof Values]?: Values[Name] };
type Live = SessionData & Draft;

/** The operations of the workloads on a session. The app has the merge rule `counter()` for `count`. */
@Controller('workload')
export class WorkloadController {
  constructor(private readonly sessions: SessionService) {}

  @Post('begin') begin(@Session() session: Live): void {
    Object.assign(session, FIRST);
  }
  @Post('append/:element') async append(@Session() session: Live, @Param('element') element: string): Promise<Partial<Answer>> {
    const seen = await this.sessions.update(session, (draft: Draft) => {
      const before = draft.list!;
      draft.list = [...before, Number(element)];
      return before;
    });
    return { seen };
  }
  @Post('increment') increment(@Session() session: Live): Partial<Answer> {
    session.count!++;
    return {};
  }
  @Post('exchange/:from/:to') async exchange(
    @Session() session: Live,
    @Param('from') from: string,
    @Param('to') to: string,
  ): Promise<Partial<Answer>> {
    const isExchanged = await this.sessions.update(session, (draft: Draft) => {
      if (draft.register !== Number(from)) return false;
      draft.register = Number(to);
      return true;
    });
    return { isExchanged };
  }
  @Get('read') read(@Session() { list, count, register }: Live): Partial<Answer> {
    return { values: { list: list!, count: count!, register: register! } };
  }
}
