import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SmartSessionMiddleware } from 'nestjs-smart-session';
import type { Server, ServerOptions } from 'socket.io';

/** Finds the session of each handshake by its cookie, with the middleware of the HTTP requests. */
export class SessionIoAdapter extends IoAdapter {
  readonly #sessions: SmartSessionMiddleware;

  constructor(app: INestApplication) {
    super(app);
    this.#sessions = app.get(SmartSessionMiddleware);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const server = super.createIOServer(port, options) as Server;
    server.engine.use(this.#sessions.use.bind(this.#sessions));
    return server;
  }
}
