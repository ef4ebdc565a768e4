/** The race could not be judged. The message says what was sent, what came back, and what would be right. */
export class CannotJudgeError extends Error {
  override readonly name = 'CannotJudgeError';
}

/** An option or the config file is wrong. The message says what was given, and what would be right. */
export class RaceConfigError extends Error {
  override readonly name = 'RaceConfigError';
}

/** `assertRaceSafe` found losses. The message has the verdict and the shortest history of each kind. */
export class RaceUnsafeError extends Error {
  override readonly name = 'RaceUnsafeError';
}
