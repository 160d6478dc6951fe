// Files that come with herald, found from src/ as well as from the bundle in dist/.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A package.json of its own says in dist/ that no modules are there. */
const landmark = 'binding.gyp';

/** The path of a file of the package: of the nearest directory above that has the addon's build file. */
export function packageFile(...parts: string[]): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, landmark))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no ${landmark} above ${import.meta.dirname}`);
    directory = parent;
  }
  return join(directory, ...parts);
}
