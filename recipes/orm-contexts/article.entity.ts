import { defineEntity, p } from '@mikro-orm/core';

export const Article = defineEntity({
  name: 'Article',
  properties: { id: p.integer().primary(), title: p.string() },
});
