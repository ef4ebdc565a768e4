import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { SessionHealthIndicator } from 'nestjs-smart-session';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly sessions: SessionHealthIndicator,
  ) {}

  /** Whether the process answers. It asks no database, because a restart would not repair a database. */
  @Get('live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** Whether the process can load sessions: 200 or 503, within 900 ms. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.sessions.isHealthy('sessions', { timeout: 900 })]);
  }
}
