export { append } from './append.rule.js';
export { counter } from './counter.rule.js';
export { deep } from './deep.rule.js';
export { firstWins } from './first-wins.rule.js';
export { lastWins } from './last-wins.rule.js';
export { union } from './union.rule.js';
export { unionBy } from './union-by.rule.js';
