// The works of others that come with herald: what the bundles took in, and the packages that Node loads as they are. What
// their licences ask to be passed on is collected here, for the package of npm and that of Debian.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Metafile } from 'esbuild';

/** Not in the bundles: those with shared objects, and one that few configurations need (src/config/pools.ts). */
export const loadedAsTheyAre = ['ip6addr', 'lmdb', 'node-netlink', 'raw-socket'];

/** Headers for a compiler, of which nothing is loaded. */
const headersOnly = ['nan', 'node-addon-api'];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Work {
  readonly name: string;
  readonly version: string;
  /** As SPDX calls it. */
  readonly licence: string;
  /** '' where its authors pass none on. */
  readonly licenceText: string;
  readonly directory: string;
}

const manifestOf = (directory: string): Manifest =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;

function workIn(directory: string): Work {
  const { name, version, license = 'unknown' } = manifestOf(directory);
  const licence = license.replace(/^LGPL (\d)/, 'LGPL-$1');
  return { name, version, licence, licenceText: licenceText(directory), directory };
}

function licenceText(directory: string): string {
  const names = readdirSync(directory).sort();
  const texts = names
    .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
    .map((name) => readFileSync(join(directory, name), 'utf8'));
  const readme = names.find((name) => /^readme\.md$/i.test(name));
  if (texts.length === 0 && readme !== undefined) {
    const [, section = ''] = /^#+ *Licen[cs]e\n(.*)/ims.exec(readFileSync(join(directory, readme), 'utf8')) ?? [];
    texts.push(section);
  }
  return texts.map((text) => text.trim()).join('\n\n');
}

const byName = (directories: Iterable<string>): readonly Work[] =>
  [...new Set(directories)].map(workIn).sort((a, b) => (a.name < b.name ? -1 : 1));

/** Those of which something is in what was built. `root`: where the build was. */
export function bundledWorks(root: string, metafile: Metafile): readonly Work[] {
  return byName(
    Object.values(metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
      .map((path) => join(root, path)),
  );
}

/** Those that are loaded as they are, with all that they load. `root`: where node_modules is. */
export function loadedWorks(root: string): readonly Work[] {
  const found = new Set<string>();
  const follow = (name: string, from: string): void => {
    const directory = resolved(name, from);
    // An optional one is for another kind of machine.
    if (directory === undefined || headersOnly.includes(name) || found.has(directory)) return;
    found.add(directory);
    const { dependencies, optionalDependencies } = manifestOf(directory);
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) follow(other, directory);
  };
  for (const name of loadedAsTheyAre) follow(name, root);
  return byName(found);
}

/** As Node looks for it: here, and in every directory above. */
function resolved(name: string, from: string): string | undefined {
  const directory = join(from, 'node_modules', name);
  if (existsSync(join(directory, 'package.json'))) return directory;
  return dirname(from) === from ? undefined : resolved(name, dirname(from));
}

/** A paragraph for each. `known`: what is said of a licence instead of its text. */
export function notices(
  works: readonly Work[],
  known: (licence: string) => string | undefined = () => undefined,
): string {
  // The same version may lie in several places.
  const distinct = new Map(works.map((work) => [`${work.name} ${work.version}`, work]));
  return [...distinct]
    .map(([title, { name, version, licence, licenceText: text }]) =>
      [title, `https://www.npmjs.com/package/${name}/v/${version}`, `Licence: ${licence}`, '', known(licence) ?? text]
        .join('\n')
        .trim(),
    )
    .join(`\n\n${'-'.repeat(80)}\n\n`);
}
