import { Controller, Get, Param, ParseIntPipe, Session, type OnModuleInit } from '@nestjs/common';
import type { EntityManager, MikroORM } from '@mikro-orm/core';
import { InjectEntityManager, InjectMikroORM } from '@mikro-orm/nestjs';
import type { SessionData } from 'express-session';
import { Article } from './article.entity.js';
import './session-data.js';

@Controller('articles')
export class ArticlesController implements OnModuleInit {
  constructor(
    @InjectEntityManager('content') private readonly em: EntityManager,
    @InjectMikroORM('content') private readonly orm: MikroORM,
  ) {}

  /** Creates sample data. A real app has migrations. */
  async onModuleInit(): Promise<void> {
    await this.orm.schema.update();
    await this.em.fork().upsert(Article, { id: 1, title: 'On sessions' });
  }

  @Get(':id')
  async read(@Session() session: SessionData, @Param('id', ParseIntPipe) id: number) {
    const { title } = await this.em.findOneOrFail(Article, { id });
    session.articlesRead = (session.articlesRead ?? 0) + 1;
    return { title, articlesRead: session.articlesRead };
  }
}
