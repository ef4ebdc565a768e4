import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { SessionIoAdapter } from './session-io.adapter.js';

export const app = await NestFactory.create(AppModule);
app.useWebSocketAdapter(new SessionIoAdapter(app));
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000);
