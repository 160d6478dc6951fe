import { readFileSync } from 'node:fs';
import { packageFile } from './io/package-file.js';

const read: unknown = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));

export const version =
  typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown';
