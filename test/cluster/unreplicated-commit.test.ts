import { describeUnless } from '../support/describe-unless.js';
import { FaultSite, report } from '../support/fault-site.js';
import { HAS_POSTGRESQL, OwnPostgresql } from '../support/own-postgresql.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describeUnless(
  !HAS_POSTGRESQL && 'postgresql is not installed',
  'a PostgreSQL commit whose wait for the synchronous standby ends early',
  () => {
    let primary: OwnPostgresql;
    let standby: OwnPostgresql;
    let site: FaultSite;
    /** The address that the app knows, whichever is the primary. */
    let address: TcpProxy;

    beforeEach(async () => {
      primary = await OwnPostgresql.make(['max_wal_senders = 5', 'wal_keep_size = 64MB']);
      standby = await OwnPostgresql.follow(primary);
      address = await TcpProxy.start(primary.address);
      site = FaultSite.around(primary);
      await primary.waitForStandby();
    }, 60_000);
    afterEach(async () => {
      await address.close();
      await site.close();
      await standby.stop();
    }, 30_000);

    /**
     * Ends the wait of a request's commit by a function of the server. Then the primary is lost and the standby takes over.
     *
     * @returns the status of the response, and the session on the new primary
     */
    async function endWaitBy(end: string, path: string): Promise<{ status: number; session: Record<string, unknown> }> {
      await site.startApps(1, { through: () => address.address, options: { timeout: 3000 } });
      const { url } = site.apps[0]!;
      const first = await fetch(`${url}/keys/start`, { method: 'POST' });
      const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
      const [sender] = await site.run(async (run) => (await run('select pid from pg_stat_replication')).rows);
      // The standby hears nothing more.
      process.kill(Number(sender!.pid), 'SIGSTOP');
      const answer = fetch(`${url}/${path}`, { method: 'POST', headers: { cookie } });
      const call = `select ${end}(pid) from pg_stat_activity where wait_event = 'SyncRep'`;
      await site.run((run) => primary.daemon.until(async () => (await run(call)).rows.length > 0));
      const { status } = await answer;
      await primary.crash();
      standby.promote();
      address.target = standby.address;
      const session = (await (await fetch(`${url}/session`, { headers: { cookie } })).json()) as Record<string, unknown>;
      report('postgresql', `the wait of /${path} for the standby ended by ${end}, the standby promoted`, { status, ...session });
      return { status, session };
    }

    it('answers 503 if its connection is ended', async () => {
      const { status, session } = await endWaitBy('pg_terminate_backend', 'keys/early');
      expect({ status, isLost: !('early' in session) }).toEqual({ status: 503, isLost: true });
    }, 60_000);

    it('is acknowledged and lost if the wait is cancelled, because PostgreSQL reports success', async () => {
      const { status, session } = await endWaitBy('pg_cancel_backend', 'keys/early');
      expect({ status, isLost: !('early' in session) }).toEqual({ status: 201, isLost: true });
    }, 60_000);

    it('a logout is answered with 503 if its connection is ended', async () => {
      const { status, session } = await endWaitBy('pg_terminate_backend', 'logout');
      expect({ status, isBack: session.start === 1 }).toEqual({ status: 503, isBack: true });
    }, 60_000);
  },
);
