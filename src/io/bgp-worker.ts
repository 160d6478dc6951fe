// Starts the BGP thread: the very first thing a daemon does, because it takes as long as reading
// the configuration does, beside it.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Large tables live in typed arrays, outside the heap: a small young generation keeps collections short. */
const maxYoungGenerationSizeMb = 4;

export const startBgpWorker = (): Worker =>
  new Worker(join(import.meta.dirname, 'main.js'), { resourceLimits: { maxYoungGenerationSizeMb } });
