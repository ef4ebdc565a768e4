import { MikroOrmModule, type MikroOrmModuleSyncOptions } from '@mikro-orm/nestjs';
import type { DynamicModule } from '@nestjs/common';

/** The app's MikroORM. */
export function appOrm(options: Record<string, unknown>): DynamicModule | Promise<DynamicModule> | undefined {
  return MikroOrmModule.forRoot(options as unknown as MikroOrmModuleSyncOptions);
}
