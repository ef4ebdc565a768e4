import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { railsCookie } from './rails-cookie.js';

export const app = await NestFactory.create(AppModule);
app.use(railsCookie);
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000);
