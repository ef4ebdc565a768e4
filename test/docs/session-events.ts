import { Injectable, Logger } from '@nestjs/common';
import { EventEmitter2, OnEvent } from '@nestjs/event-emitter';
import { SessionCreatedEvent, SessionDestroyedEvent, SmartSessionModule } from 'nestjs-smart-session';

@Injectable()
export class SecurityLog {
  readonly #logger = new Logger('Security');

  @OnEvent('session.created')
  created({ handle, userId }: SessionCreatedEvent): void {
    this.#logger.log({ message: 'session created', handle, userId });
  }

  @OnEvent('session.destroyed')
  destroyed({ handle, userId, reason }: SessionDestroyedEvent): void {
    this.#logger.log({ message: 'session destroyed', handle, userId, reason });
  }
}

export const sessionsWithEvents = () => SmartSessionModule.forRoot('postgresql', { userId: 'user', events: EventEmitter2 });
