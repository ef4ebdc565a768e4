import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { Pool } from 'pg';
import { SmartSessionModule } from 'nestjs-smart-session';

@Module({
  providers: [{ provide: Pool, useFactory: () => new Pool({ connectionString: process.env.SESSIONS_DATABASE_URL }) }],
  exports: [Pool],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly pool: Pool) {}

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}

export const ownPool = () =>
  SmartSessionModule.forRootAsync({
    imports: [DatabaseModule],
    inject: [Pool],
    useFactory: (pool: Pool) => ({ dialect: 'postgresql', client: pool }),
  });
