import type { DynamicModule } from '@nestjs/common';

/** There is no @mikro-orm/nestjs for this Nest and this MikroORM. */
export function appOrm(_options: Record<string, unknown>): DynamicModule | undefined {
  return undefined;
}
