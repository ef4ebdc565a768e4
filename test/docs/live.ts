import type { EventEmitter } from 'node:events';
import type { SessionService } from 'nestjs-smart-session';
import './session-data.js';

/** The used part of a WebSocket. */
interface Client extends EventEmitter {
  send(text: string): void;
  close(code: number, reason: string): void;
}

export function bind(client: Client, sessionId: string, sessions: SessionService): void {
  const watch = sessions.watch(sessionId, {
    onEnd: ({ reason }) => client.close(reason === 'unknown' ? 1013 : 4401, reason),
    keys: ['cart'],
    onChange: ({ keys }) => client.send(JSON.stringify({ changed: keys })),
  });
  client.on('close', () => watch.stop());
  client.on('message', (text) => {
    if (watch.isLive) client.send(`you said ${text}`);
  });
}
