import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { SmartSessionMiddleware } from 'nestjs-smart-session';
import passport from 'passport';
import { AppModule } from './app.module.js';

export const app = await NestFactory.create(AppModule);
const sessions = app.get(SmartSessionMiddleware);
app.use(sessions.use.bind(sessions));
app.use(passport.session());
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000);
