import type { INestApplication } from '@nestjs/common';
import { DatabaseContext } from 'nestjs-smart-session';

/** Visits an app twice, by one session. Drops its table and closes the app. Returns what the second visit is told. */
export async function visitTwice(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/visits`;
  const first = await fetch(url, { method: 'POST' });
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const second = await fetch(url, { method: 'POST', headers: { cookie } });
  await dropAndClose(app);
  return second.text();
}

/** Drops the tables of an app, and closes it. */
export async function dropAndClose(app: INestApplication): Promise<void> {
  const { runner, dialect, tableName } = app.get(DatabaseContext);
  for (const name of [tableName, `${tableName}_leases`]) await runner.run(`drop table ${dialect.quote(name)}`);
  await app.close();
}
