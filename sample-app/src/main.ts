import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { MikroORM } from '@mikro-orm/core';
import { AppModule } from './app.module.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import ormOptions from './mikro-orm.config.js';
import { servePage } from './page.js';

// Creates the table, so that the sample also starts on an empty server.
const orm = await MikroORM.init(ormOptions);
await orm.schema.ensureDatabase();
await orm.close();

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
servePage(app);
const port = Number(process.env.PORT ?? 3000);
await app.listen(port);
console.log(`The sample app runs at http://localhost:${port}`);
