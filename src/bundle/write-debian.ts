// npm run deb [-- DIRECTORY]: makes the package for Debian, in dist where nothing else is said.

import { fileURLToPath } from 'node:url';
import { makeDebianPackage } from './debian.js';

const directory = process.argv[2] ?? fileURLToPath(new URL('../../dist', import.meta.url));
process.stdout.write(`${makeDebianPackage(directory)}\n`);
