import { describeUnless } from '../support/describe-unless.js';
import { FaultSite } from '../support/fault-site.js';
import { HAS_POSTGRESQL, OwnPostgresql } from '../support/own-postgresql.js';
import { onDatabase } from '../support/own-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describeUnless(!HAS_POSTGRESQL && 'postgresql is not installed', 'an address that leads to a PostgreSQL standby for a while', () => {
  let primary: OwnPostgresql;
  let standby: OwnPostgresql;
  let site: FaultSite;
  let address: TcpProxy;
  let cookie: string;

  const send = (method: string, path: string) => fetch(`${site.apps[0]!.url}/${path}`, { method, headers: { cookie } });
  /** Stops the standby from applying changes once it has the session. */
  const stopFollowing = () =>
    onDatabase('postgresql', standby.address, async (run) => {
      await standby.daemon.until(async () => (await run('select 1 from sessions').catch(() => ({ rows: [] }))).rows.length === 1);
      await run('select pg_wal_replay_pause()');
    });
  /** Ends the connections. New ones lead to this server. */
  const leadTo = (server: OwnPostgresql) => {
    address.target = server.address;
    address.endConnections();
  };

  beforeEach(async () => {
    primary = await OwnPostgresql.make(['max_wal_senders = 5']);
    standby = await OwnPostgresql.follow(primary);
    address = await TcpProxy.start(primary.address);
    site = FaultSite.around(primary);
    await site.startApps(1, { through: () => address.address });
    const first = await fetch(`${site.apps[0]!.url}/keys/start`, { method: 'POST' });
    cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
    await stopFollowing();
    await send('POST', 'keys/missed');
  }, 60_000);
  afterEach(async () => {
    await address.close();
    await site.close();
    await standby.stop();
  }, 30_000);

  it('CommitBeforeAnswer: answers 503, not with a session as it was, and goes on when it leads to the primary again', async () => {
    leadTo(standby);
    expect((await send('GET', 'session')).status).toBe(503);
    expect((await send('POST', 'keys/late')).status).toBe(503);
    leadTo(primary);
    expect((await send('POST', 'keys/next')).status).toBe(201);
    expect(await (await send('GET', 'session')).json()).toMatchObject({ start: 1, missed: 1, next: 1 });
  }, 60_000);
});
