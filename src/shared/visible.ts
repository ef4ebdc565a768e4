/**
 * Characters that a terminal obeys or that no reader sees: controls such as ESC and DEL, line separators, direction marks and other
 * formats, and halves of surrogate pairs.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Where the frames of a stack begin. */
const FRAME = /\n(?= {4}at \S)/;

/** A text as one line, each character that moves the cursor or stays unseen as its escape, such as `\u001b`. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escapeOf);
}

/** The same for a text of several lines, which stay. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** The same for the stack of an error: its frames stay lines, and its message begins none. */
export function visibleStack(stack: string): string {
  return stack.split(FRAME).map(visible).join('\n');
}

/** As in JSON, so that JSON stays what it was. */
function escapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, n) => `\\u${character.charCodeAt(n).toString(16).padStart(4, '0')}`).join('');
}
