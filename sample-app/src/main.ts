import 'reflect-metadata';
import { MikroORM } from '@mikro-orm/core';
import ormOptions from './mikro-orm.config.js';
import { listen, PortError } from './listen.js';
import { createApp } from './platform.js';

// Creates the table, so that the sample also starts on an empty server.
const orm = await MikroORM.init(ormOptions);
await orm.schema.ensureDatabase();
await orm.close();

const app = await createApp(process.env.PLATFORM);
app.enableShutdownHooks();
const port = process.env.PORT ?? '3000';
try {
  await listen(app, port);
  console.log(`The sample app runs at http://localhost:${port}`);
} catch (error) {
  if (!(error instanceof PortError)) throw error;
  console.error(error.message);
  await app.close();
  process.exitCode = 1;
}
