import 'reflect-metadata';
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';

export const app = await NestFactory.create<NestExpressApplication>(AppModule, {
  logger: new ConsoleLogger({ json: true, logLevels: ['error', 'warn', 'log'] }),
  // After SIGTERM, clients that keep their connections open do not delay the end.
  return503OnClosing: true,
});
// The address of the proxy. A client at any other address cannot claim that it came over https.
app.set('trust proxy', process.env.PROXY_ADDRESS ?? 'loopback');
// Ends with exit code 0, and not by the signal, which process 1 of a container would ignore.
app.enableShutdownHooks(undefined, { useProcessExit: true });
await app.listen(process.env.PORT ?? 3000, process.env.HOST ?? '127.0.0.1');
