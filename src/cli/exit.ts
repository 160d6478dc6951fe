// How a command ends: the exit codes operators may rely on (sysexits.h from 64 on), and the failure that carries one.

export const exitCodes = {
  done: 0,
  failed: 1,
  /** `plan` found that something would change. */
  wouldChange: 2,
  usage: 64,
  /** Nobody answers at the socket. */
  noDaemon: 69,
  notPermitted: 77,
  /** A configuration or a table that cannot be used. */
  badConfig: 78,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command; the message is for the operator and stands behind `herald: `. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const usageFailure = (message: string): CommandFailure => new CommandFailure(exitCodes.usage, message);
