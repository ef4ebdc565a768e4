import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { ShopController } from './shop.controller.js';

@Module({ controllers: [ShopController] })
class AppModule {}

const PgStore = connectPgSimple(session);

export const store = new PgStore({ conString: process.env.DATABASE_URL!, createTableIfMissing: true });

export const app = await NestFactory.create(AppModule);
app.use(
  session({
    store,
    secret: process.env.SESSION_SECRET!,
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 30 * 24 * 60 * 60 * 1000 },
  }),
);
await app.listen(process.env.PORT ?? 3000);
