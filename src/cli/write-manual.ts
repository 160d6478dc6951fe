// `npm run docs`: writes docs/herald.8 anew.

import { writeFileSync } from 'node:fs';
import { commands } from './command-line.js';
import { manual } from './manual.js';

writeFileSync(new URL('../../docs/herald.8', import.meta.url), manual(commands));
