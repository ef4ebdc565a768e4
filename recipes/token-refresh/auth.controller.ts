import { promisify } from 'node:util';
import { Controller, Get, HttpCode, Post, Redirect, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { LoginGuard } from './auth.guards.js';
import { TokensService } from './tokens.service.js';

@Controller()
export class AuthController {
  constructor(private readonly tokens: TokensService) {}

  @Get('login')
  @UseGuards(LoginGuard)
  login(): void {}

  @Get('callback')
  @UseGuards(LoginGuard)
  @Redirect('/profile', 303)
  callback(): void {}

  @Post('logout')
  @HttpCode(204)
  async logout(@Req() { session }: Request): Promise<void> {
    try {
      await this.tokens.revoke(session);
    } finally {
      // Also if the provider does not answer.
      await promisify<void>((done) => session.destroy(done))();
    }
  }
}
