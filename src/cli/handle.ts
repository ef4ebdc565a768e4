/** The form of a session's handle. It may begin with a dash. */
export const HANDLE = /^[\w-]{22}$/;
