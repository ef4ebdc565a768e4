/**
 * Characters that control a terminal or that a reader cannot see: control characters such as ESC and DEL, line separators, direction
 * marks and other format characters, and halves of surrogate pairs.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The line break before a frame of a stack. */
const FRAME = /\n(?= {4}at \S)/;

/** Returns a text as one line. Each character that moves the cursor or is invisible becomes an escape such as `\u001b`. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escapeOf);
}

/** Does the same for a text of several lines, and keeps the lines. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** Does the same for the stack of an error. Its frames stay lines; its message is one line. */
export function visibleStack(stack: string): string {
  return stack.split(FRAME).map(visible).join('\n');
}

/** Escapes as JSON does, so that a text in JSON keeps its meaning. */
function escapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, n) => `\\u${character.charCodeAt(n).toString(16).padStart(4, '0')}`).join('');
}
