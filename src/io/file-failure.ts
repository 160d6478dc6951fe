// Why a file cannot be read, in an operator's words.

export function fileFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EACCES':
      return `may not be read by user ${process.geteuid?.() ?? '?'}, as which herald runs`;
    case 'ELOOP':
      return 'is a symlink that leads nowhere';
    case 'ENOTDIR':
      return 'does not exist: a part of its path is no directory';
    case 'ENXIO':
      return 'is not a regular file';
    default:
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
