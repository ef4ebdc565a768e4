import { Logger } from '@nestjs/common';
import { visible, visibleStack } from '../shared/visible.js';

/**
 * The logger of this library. Names of keys, paths and messages of databases come from outside, so it escapes characters that
 * could start a new line or hide text.
 */
export class SessionLogger extends Logger {
  constructor() {
    super('SmartSession');
  }

  override log(line: string): void {
    super.log(visible(line));
  }

  override warn(line: string): void {
    super.warn(visible(line));
  }

  override debug(line: string): void {
    super.debug(visible(line));
  }

  override error(line: string, stack?: string): void {
    if (stack === undefined) super.error(visible(line));
    else super.error(visible(line), visibleStack(stack));
  }
}
