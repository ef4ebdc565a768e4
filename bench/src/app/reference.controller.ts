import { randomUUID } from 'node:crypto';
import { Controller, Get, Headers, Inject, Post, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { sampleSession, slotValue } from './sample-session.js';

/** The driver alone, with one statement for each call. */
export interface BareDriver {
  insert(id: string, data: string): Promise<unknown> | unknown;
  select(id: string): Promise<unknown> | unknown;
  update(id: string, data: string): Promise<unknown> | unknown;
}

/** The token of the driver that the controller uses. */
export const BARE_DRIVER = Symbol('BareDriver');

const ANSWER = slotValue(0);

/** The same routes on the database's driver alone: one statement each, and no session. */
@Controller()
export class ReferenceController {
  #data = '';

  constructor(@Inject(BARE_DRIVER) private readonly driver: BareDriver) {}

  @Get('read')
  async read(@Headers('cookie') id: string): Promise<string> {
    await this.driver.select(id);
    return ANSWER;
  }

  @Post('write')
  async write(@Headers('cookie') id: string): Promise<string> {
    await this.driver.update(id, this.#data);
    return ANSWER;
  }

  @Post('seed')
  async seed(@Query('bytes') bytes: string, @Res({ passthrough: true }) response: Response): Promise<void> {
    const id = randomUUID();
    this.#data = JSON.stringify(sampleSession(Number(bytes)));
    await this.driver.insert(`id=${id}`, this.#data);
    response.setHeader('Set-Cookie', `id=${id}; Path=/`);
  }
}
