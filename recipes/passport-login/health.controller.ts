import { Controller, Get } from '@nestjs/common';

/** Answers probes, which have no session. */
@Controller('health')
export class HealthController {
  @Get()
  check(): { status: string } {
    return { status: 'up' };
  }
}
