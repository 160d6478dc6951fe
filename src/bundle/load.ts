// A bundle as the thread that runs it takes it up: compiled from the code cache that the build left beside it, if that is
// of this very bundle and this very V8. Otherwise V8 compiles what it comes by, which only takes longer.

import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';

export type BundleName = 'herald' | 'bgp';

/** A bundle, and the cache of it, begin with this line: V8 itself would take the cache of any bundle of the same length. */
export const identityLine = (hash: string): string => `// ${hash}\n`;
const identityOctets = identityLine('0'.repeat(64)).length;

/** What a bundle is wrapped in, as Node wraps a module; `importPackage` because code from a cache has no `import()`. */
export const wrapper = ['(function (exports, require, module, __filename, __dirname, importPackage) {', '})'] as const;

export function compiled(directory: string, name: BundleName): Script {
  // The bundler escapes what is not ASCII.
  const source = readFileSync(`${directory}/${name}.cjs`, 'latin1');
  const cachedData = cacheOf(source, `${directory}/${name}.cache`);
  return new Script(source, {
    // V8 keeps the name in the cache, and stack traces show it: it says nothing of where the build was.
    filename: `herald/${name}.cjs`,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
}

function cacheOf(source: string, file: string): Uint8Array | undefined {
  try {
    const cache = readFileSync(file);
    const isOfSource = cache.toString('latin1', 0, identityOctets) === source.slice(0, identityOctets);
    return isOfSource ? cache.subarray(identityOctets) : undefined;
  } catch {
    return undefined;
  }
}
