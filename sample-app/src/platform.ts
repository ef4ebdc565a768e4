import { NestFactory } from '@nestjs/core';
import type { INestApplication, LogLevel, NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { PUBLIC, servePage } from './page.js';
import { SettingError } from './setting-error.js';

/** The messages that the app logs. */
export const LOG_LEVELS: LogLevel[] = ['error', 'warn'];

const OPTIONS: NestApplicationOptions = { logger: LOG_LEVELS };

/** How the app is made on each platform. They differ in how they serve files. The page's headers come first, so that files have them. */
const PLATFORMS: Record<string, () => Promise<INestApplication>> = {
  async express() {
    const app = await NestFactory.create<NestExpressApplication>(AppModule, new ExpressAdapter(), OPTIONS);
    servePage(app);
    return app.useStaticAssets(PUBLIC);
  },
  async fastify() {
    const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), OPTIONS);
    servePage(app);
    app.useStaticAssets({ root: PUBLIC });
    return app;
  },
};

/**
 * Makes the app with its page, on Express or Fastify.
 *
 * @throws SettingError for another platform
 */
export function createApp(platform = 'express'): Promise<INestApplication> {
  const create = PLATFORMS[platform];
  if (!create) throw new SettingError('PLATFORM', platform, 'use express or fastify. For example: PLATFORM=fastify npm start');
  return create();
}
