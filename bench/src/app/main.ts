import 'reflect-metadata';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { findStore } from '../stores/catalog.js';
import type { OpenedStore, OpenStore } from './opened-store.js';
import type { AppCalls, AppMessage, AppSettings, CallMessage } from './protocol.js';

// The app under test with one store, in a process that the benchmark forks.

@Module({})
class AppModule {}

const { storeId, addresses } = JSON.parse(process.argv[2]!) as AppSettings;
const definition = findStore(storeId);
const { open } = (await import(`./openers/${definition.opener}.js`)) as { open: OpenStore };
const opened = await open(definition, addresses);
const app = await startApp(opened);

const calls: { readonly [Call in keyof AppCalls]: () => AppCalls[Call] | Promise<AppCalls[Call]> } = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  startCounting: async () => {
    await opened.statements.start();
    return null;
  },
  stopCounting: () => opened.statements.stop(),
  stop: async () => {
    await app.close();
    await opened.close?.();
    return null;
  },
};

process.on('message', (message: CallMessage) => void answer(message));
process.on('disconnect', () => process.exit());
// An interrupt in the terminal also reaches the benchmark, which then ends this process.
process.on('SIGINT', () => {});
send({ port: (app.getHttpServer() as { address(): { port: number } }).address().port });

async function startApp({ module, mount }: OpenedStore): Promise<INestApplication> {
  const nest = await NestFactory.create({ ...module, module: AppModule }, { logger: ['error'] });
  mount?.(nest);
  await nest.listen(0, '127.0.0.1');
  return nest;
}

async function answer({ id, call }: CallMessage): Promise<void> {
  try {
    send({ id, result: await calls[call]() });
  } catch (error) {
    send({ id, error: String(error) });
  }
  if (call === 'stop') process.disconnect();
}

function send(message: AppMessage): void {
  process.send?.(message);
}
