/** The name of the program. */
export const PROGRAM = 'smart-session';
