import type { ExecutionContext } from '@nestjs/common';
import { SessionBoardModule } from '../../src/index.js';
import { readPage } from '../support/markdown.js';
import { AdminGuard, AppModule } from './board.js';

describe('docs/board.md', () => {
  it.each([
    ['the administrator', true],
    ['anna', false],
    [undefined, false],
  ])('has a guard that answers %s with %s', (user, passes) => {
    const context = { switchToHttp: () => ({ getRequest: () => ({ session: { user } }) }) } as unknown as ExecutionContext;
    expect(new AdminGuard().canActivate(context)).toBe(passes);
  });

  it('mounts the board once', () => {
    expect(Reflect.getMetadata('imports', AppModule)).toHaveLength(2);
  });

  it('has the message of a board without a guard', () => {
    const before = process.env.NODE_ENV;
    try {
      process.env.NODE_ENV = 'production';
      let message = '';
      try {
        SessionBoardModule.forRoot();
      } catch (error) {
        ({ message } = error as Error);
      }
      expect(message).toMatch(/^SmartSessionModule: option `guard`: nothing was given to `SessionBoardModule.forRoot`\./);
      expect(readPage('docs/board.md').text).toContain(message.slice(0, message.indexOf('. In production') + 1));
    } finally {
      process.env.NODE_ENV = before;
    }
  });
});
