import { defineEntity, p } from '@mikro-orm/core';
import type { CartItem } from './session-data.js';

export const Order = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.integer().primary().autoincrement(),
    items: p.json<readonly CartItem[]>(),
  },
});
