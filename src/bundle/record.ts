// The way in while the build records code caches: start.ts, and when its thread ends, all that was compiled in it is kept.

import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { begin } from './begin.js';

begin(dirname(__dirname), (script, name) => {
  process.on('exit', () => writeFileSync(`${__dirname}/${name}.recorded`, script.createCachedData()));
});
