import { endConnections, type ServerName } from '../support/connection-ids.js';
import { DATABASES } from '../support/databases.js';
import type { TokenFault } from '../support/token-faults.js';
import { TokenSite } from '../support/token-site.js';

/** Each database loses two of them. */
const PROCESSES = 4;
const TABS = 20;
/** A lease that does not end while the connections do, in ms. */
const LONG_LEASE = 10_000;

/** The answers if all tabs get the same access token. */
const ONE_TOKEN = { statuses: [201], tokens: [expect.any(String)], unanswered: 0 };

let site: TokenSite;
beforeAll(() => {
  site = new TokenSite();
});
afterAll(() => site.close());

describe.each(DATABASES)(`${PROCESSES} processes refresh the tokens of one session, on %s`, (database) => {
  beforeAll(() => site.startOn(database, PROCESSES));
  beforeEach(() => site.login());

  it('redeems each refresh token once, and gives all tabs the same access token', async () => {
    for (let round = 1; round <= 3; round++) {
      expect(await site.askByAll(`once/${round}`, TABS)).toEqual(ONE_TOKEN);
      expect(await site.counts()).toEqual({ redeemed: round, refused: 0, revoked: 0 });
    }
  });

  it('redeems it twice without `once`, and the provider revokes the login', async () => {
    await site.askByAll('plain/1', TABS);
    const { refused, revoked } = await site.counts();
    expect(refused).toBeGreaterThan(0);
    expect(revoked).toBeGreaterThan(0);
  });

  it.skipIf(database === 'sqlite')('redeems it once if the database ends the connections of the process that does it', async () => {
    const { late, connections, release } = await site.block('blocked before the commit', LONG_LEASE);
    const tabs = site.askByAll('once/1', TABS);
    expect(await endConnections(database as ServerName, connections)).toBeGreaterThan(0);
    release();
    expect(await tabs).toEqual(ONE_TOKEN);
    expect([(await late).status]).toEqual(ONE_TOKEN.statuses);
    expect(await site.counts()).toEqual({ redeemed: 1, refused: 0, revoked: 0 });
  });

  it('commits nothing of a process that stands still beyond its lease, and gives the others the tokens of the next', async () => {
    const { late, others, release } = await site.block('blocked, and aware of it');
    const first = await site.askByAll('once/1', TABS, others);
    expect(first).toEqual(ONE_TOKEN);
    release();
    expect(await (await late).json()).toEqual({ failed: 'SessionLockLostError' });
    expect(await site.askByAll('once/1', TABS)).toEqual(first);
    expect(await site.counts()).toEqual({ redeemed: 1, refused: 0, revoked: 0 });
  });

  it('begins no work if the process stood still beyond its lease before', async () => {
    const { late, others, release } = await site.block('blocked before the work');
    const first = await site.askByAll('once/1', TABS, others);
    expect(first).toEqual(ONE_TOKEN);
    release();
    expect(await (await late).json()).toEqual({ accessToken: first.tokens[0] });
    expect(await site.counts()).toEqual({ redeemed: 1, refused: 0, revoked: 0 });
  });

  it('redeems it once if the process that does it is killed after the commit', async () => {
    const { length } = site.running;
    const { unanswered, ...answers } = await site.askByAll('once/1?fault=killed after the commit', TABS);
    expect({ ...answers, unanswered: 0 }).toEqual(ONE_TOKEN);
    expect(unanswered).toBeGreaterThan(0);
    await expect.poll(() => site.running.length).toBe(length - 1);
    expect(await site.askByAll('once/1', TABS)).toEqual({ ...answers, unanswered: 0 });
    expect(await site.askByAll('once/2', TABS)).toEqual(ONE_TOKEN);
    expect(await site.counts()).toEqual({ redeemed: 2, refused: 0, revoked: 0 });
  });

  it('redeems it once if the process that does it is killed before', async () => {
    await killed('killed before the redemption');
    expect(await site.askByAll('once/1', TABS)).toEqual(ONE_TOKEN);
    expect(await site.counts()).toEqual({ redeemed: 1, refused: 0, revoked: 0 });
  });
});

/** How long the provider accepts a used refresh token, in seconds. */
const GRACE = 10;

/** The window in which no client can prevent a second redemption. The provider decides then, so one database is enough. */
describe.each(DATABASES.slice(0, 1))('a refresh token that is redeemed twice, on %s', (database) => {
  beforeAll(() => site.startOn(database, 3));

  /** Lets a process stand still beyond its lease, and then redeem the token that another has redeemed. */
  async function redeemLate(): Promise<Response> {
    const { late, others, release } = await site.block('blocked before the redemption');
    expect(await site.askByAll('once/1', TABS, others)).toEqual(ONE_TOKEN);
    release();
    return late;
  }

  it('revokes the login if a process redeems after it has stood still beyond its lease', async () => {
    await site.login();
    expect((await redeemLate()).status).toBe(500);
    expect(await site.counts()).toMatchObject({ redeemed: 1, refused: 1 });
    expect((await site.askByAll('once/2', TABS)).statuses).toEqual([500]);
  });

  it('keeps it in the grace period, and commits nothing of the late process', async () => {
    await site.login(GRACE);
    expect(await (await redeemLate()).json()).toEqual({ failed: 'SessionLockLostError' });
    expect(await site.askByAll('once/2', TABS)).toEqual(ONE_TOKEN);
    expect(await site.counts()).toEqual({ redeemed: 3, refused: 0, revoked: 0 });
  });

  it('revokes the login if a process is killed between the redemption and the commit', async () => {
    await site.login();
    await killed('killed before the commit');
    expect(await site.askByAll('once/1', TABS)).toMatchObject({ statuses: [500], unanswered: 0 });
    const { redeemed, revoked } = await site.counts();
    expect(redeemed).toBe(1);
    expect(revoked).toBeGreaterThan(0);
  });

  it('keeps it in the grace period of the provider', async () => {
    await site.login(GRACE);
    await killed('killed before the commit');
    expect(await site.askByAll('once/1', TABS)).toEqual(ONE_TOKEN);
    expect(await site.askByAll('once/2', TABS)).toEqual(ONE_TOKEN);
    expect(await site.counts()).toEqual({ redeemed: 3, refused: 0, revoked: 0 });
  });
});

/** Refreshes the tokens in a process that a fault kills. */
async function killed(fault: TokenFault): Promise<void> {
  const { running } = site;
  await expect(site.refreshWith(fault)).rejects.toThrow('fetch failed');
  await expect.poll(() => site.running.length).toBe(running.length - 1);
}
