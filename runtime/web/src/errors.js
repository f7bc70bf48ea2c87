/** What a user can act on: its message is one line, and is shown as it is. */
export class SernetError extends Error {}
