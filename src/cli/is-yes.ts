/** Whether an answer to a question confirms it. Everything but "y" and "yes" does not. */
export function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}
