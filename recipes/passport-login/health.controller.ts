import { Controller, Get } from '@nestjs/common';

/** A route for probes, which have no session. */
@Controller('health')
export class HealthController {
  @Get()
  check(): { status: string } {
    return { status: 'up' };
  }
}
