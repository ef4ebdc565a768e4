import { Body, Controller, Get, Post, Redirect, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { FlashService } from './flash.service.js';

@Controller()
export class AppController {
  constructor(private readonly flash: FlashService) {}

  @Post('subscriptions')
  @Redirect('/', 303)
  subscribe(@Session() session: SessionData, @Body() { topic }: { topic: string }): void {
    this.flash.add(session, `You will hear of ${topic}.`);
  }

  @Get()
  async show(@Session() session: SessionData): Promise<{ messages: string[] }> {
    return { messages: await this.flash.take(session) };
  }
}
