import { Controller, Get, Module } from '@nestjs/common';
import { HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { SessionHealthIndicator, SmartSessionTestingModule, SqlSessionRepository } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp } from '../support/sessions-app.js';
import { startTestApp } from '../support/test-app.js';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly sessions: SessionHealthIndicator,
  ) {}

  @Get() check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.sessions.isHealthy('sessions')]);
  }
}

@Module({ imports: [TerminusModule.forRoot({ logger: false })], controllers: [HealthController] })
class HealthModule {}

describe.each(REPOSITORY_CASES)('the health indicator on $database, $locking, $name', ({ database, locking, repository, n }) => {
  it('says whether sessions can be loaded, and nothing else', async () => {
    const tableName = `health_${database}_${n}`;
    const app = await SessionsApp.start(database, { tableName, locking, repository, exclude: ['health'] }, { imports: [HealthModule] });
    const browser = new Browser(app.app);
    const up = await browser.get('/health');
    const { dialect } = app.context;
    await app.run(`alter table {table} rename to ${dialect.quote(`${tableName}_away`)}`);
    const down = await browser.get('/health');
    await app.run(`alter table ${dialect.quote(`${tableName}_away`)} rename to {table}`);
    await app.close();
    expect([up.status, up.body.details]).toEqual([200, { sessions: { status: 'up' } }]);
    expect([down.status, down.body.error]).toEqual([503, { sessions: { status: 'down', message: 'the database reported an error' } }]);
    expect(down.text).not.toContain('health_');
  });
});

describe('the health indicator', () => {
  it('asks once, and does not wait for a database that does not answer', async () => {
    let loads = 0;
    class SilentRepository extends SqlSessionRepository {
      override load(): Promise<never> {
        loads++;
        return new Promise(() => {});
      }
    }
    const app = await startTestApp('sqlite', {
      imports: [HealthModule],
      module: SmartSessionTestingModule.forRoot({ repository: SilentRepository }),
    });
    const health = await app.get(SessionHealthIndicator).isHealthy('sessions', { timeout: 20 });
    await app.close();
    expect([health, loads]).toEqual([{ sessions: { status: 'down', message: 'no answer within 20 ms' } }, 1]);
  });
});
