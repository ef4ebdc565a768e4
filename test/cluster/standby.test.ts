import { setTimeout as sleep } from 'node:timers/promises';
import { describeUnless } from '../support/describe-unless.js';
import { FaultSite, SOUND, report } from '../support/fault-site.js';
import type { Load } from '../support/load.js';
import { HAS_POSTGRESQL, OwnPostgresql } from '../support/own-postgresql.js';
import { onDatabase } from '../support/own-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const READS = process.env.CLUSTER === 'short' ? 20 : 100;

describeUnless(!HAS_POSTGRESQL && 'postgresql is not installed', 'a PostgreSQL primary with a standby', () => {
  let primary: OwnPostgresql;
  let standby: OwnPostgresql;
  let site: FaultSite;
  /** The address that the app knows, whichever is the primary. */
  let address: TcpProxy;

  async function open(settings: readonly string[] = []): Promise<void> {
    primary = await OwnPostgresql.make(['max_wal_senders = 5', 'wal_keep_size = 64MB']);
    standby = await OwnPostgresql.follow(primary, settings);
    address = await TcpProxy.start(primary.address);
    site = FaultSite.around(primary);
  }
  afterEach(async () => {
    await address.close();
    await site.close();
    await standby.stop();
  }, 30_000);

  /** Kills the primary under load, and promotes the standby. Returns how many acknowledged keys are lost. */
  async function failOver(fault: string, beforeTheEnd: (load: Load) => Promise<void>) {
    await site.startApps(2, { through: () => address.address, options: { timeout: 3000 } });
    const load = await site.startLoad();
    await load.progress(300);
    await beforeTheEnd(load);
    await primary.crash();
    standby.promote();
    address.target = standby.address;
    await load.progress(300);
    await load.stop();
    const lost = await load.lost(site.apps[0]!.url);
    report('postgresql', fault, { ...load.figures(), lost });
    return { lost, hung: load.hung, unanswered: load.unanswered, ...load.other };
  }

  it('F7: loses nothing when the primary is killed and its synchronous standby promoted', async () => {
    await open();
    await primary.waitForStandby();
    expect(await failOver('the primary killed, its synchronous standby promoted', async () => {})).toEqual({
      lost: 0,
      hung: 0,
      unanswered: 0,
    });
  }, 90_000);

  it('answers 503 while the synchronous standby is down, and goes on when it is back', async () => {
    await open();
    await primary.waitForStandby();
    await site.startApps(2, { options: { timeout: 1000 } });
    const load = await site.startLoad();
    await load.progress(200);
    await standby.crash();
    await sleep(3000);
    const { refused } = load;
    await standby.start();
    await load.progress(200);
    expect(refused).toBeGreaterThan(0);
    expect(await site.conclude(load, 'the synchronous standby down for 3 s')).toEqual(SOUND);
    expect({ unanswered: load.unanswered, ...load.other }).toEqual({ unanswered: 0 });
  }, 60_000);

  it('F7: an asynchronous standby that lags is missing what was acknowledged', async () => {
    await open();
    const { lost } = await failOver('the primary killed, an asynchronous standby promoted that lagged by 300 answers', async (load) => {
      // The standby hears nothing more.
      const { rows } = await onDatabase('postgresql', primary.address, (run) => run('select pid from pg_stat_replication'));
      process.kill(Number(rows[0]!.pid), 'SIGSTOP');
      await load.progress(300);
    });
    expect(lost).toBeGreaterThan(0);
  }, 90_000);

  it.each(['SqlSessionRepository', 'EntityManagerSessionRepository'] as const)(
    'F24 CommitBeforeAnswer: reads sessions from the primary, also where MikroORM has a replica that lags: %s',
    async (repository) => {
      await open(["recovery_min_apply_delay = '2s'"]);
      const replica = { host: standby.address.host, port: standby.address.port };
      await site.startApps(1, { repository, connection: { replicas: [replica] } });
      const { url } = site.apps[0]!;
      const first = await fetch(`${url}/keys/start`, { method: 'POST' });
      const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
      let stale = 0;
      for (let n = 0; n < READS; n++) {
        await fetch(`${url}/keys/n${n}`, { method: 'POST', headers: { cookie } });
        const session = (await (await fetch(`${url}/session`, { headers: { cookie } })).json()) as object;
        if (!(`n${n}` in session)) stale++;
      }
      report('postgresql', `${stale} of ${READS} reads stale with a replica that lags by 2 s, ${repository}`, {});
      expect(stale).toBe(0);
    },
    60_000,
  );
});
