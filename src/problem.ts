// What is wrong with something an operator wrote: always where, which field, what is allowed. Never thrown: collected.

export interface Place {
  /** As the operator named it. */
  readonly file: string;
  /** From 1; 0: not known. */
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  /** A warning is said and changes nothing. */
  readonly severity: 'error' | 'warning';
  readonly where: Place;
  /** `bgpPeers[0].holdTime`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** `FILE:LINE:COLUMN`, or as much of it as is known. */
export const formatPlace = ({ file, line, column }: Place): string => (line > 0 ? `${file}:${line}:${column}` : file);

/** `FILE:LINE:COLUMN: path.to.field: message`. */
export function formatProblem({ severity, where, path, message }: Problem): string {
  return [
    formatPlace(where),
    ...(severity === 'warning' ? ['warning'] : []),
    ...(path === '' ? [] : [path]),
    message,
  ].join(': ');
}

export const hasErrors = (problems: readonly Problem[]): boolean =>
  problems.some(({ severity }) => severity === 'error');
