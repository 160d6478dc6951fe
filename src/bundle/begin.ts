// What a thread does with its bundle. The main thread starts the other one first of all: that takes as long to begin as it
// takes here to read the configuration, and runs beside it.

import type { Script } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { startBgpWorker } from '../io/bgp-worker.js';
import type { main } from '../main.js';
import { type BundleName, compiled } from './load.js';

const importPackage = (name: string): Promise<unknown> => import(name);

/** `directory`: where the bundles are. `loaded` is shown what is about to run. */
export function begin(directory: string, loaded: (script: Script, name: BundleName) => void = () => {}): void {
  const take = (name: BundleName): unknown => {
    const script = compiled(directory, name);
    loaded(script, name);
    const module: { exports: unknown } = { exports: {} };
    script.runInThisContext()(module.exports, require, module, `${directory}/${name}.cjs`, directory, importPackage);
    return module.exports;
  };
  if (!isMainThread) {
    take('bgp');
    return;
  }
  const words = process.argv.slice(2);
  const worker = words[0] === 'run' ? startBgpWorker() : undefined;
  const herald = take('herald') as { readonly main: typeof main };
  void herald.main(words, worker);
}
