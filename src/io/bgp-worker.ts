// Starts the BGP thread: the very first thing a daemon does, because it takes as long as reading
// the configuration does, beside it.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Large tables live in typed arrays, outside the heap: little survives here, and a collection costs the same however much does not. */
const maxYoungGenerationSizeMb = 16;

export const startBgpWorker = (): Worker =>
  new Worker(join(import.meta.dirname, 'main.js'), { resourceLimits: { maxYoungGenerationSizeMb } });
