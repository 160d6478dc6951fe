// herald as a package for Debian, of what `npm ci` and `npm run build` left here: for the kind of machine that it is made on,
// and octet for octet the same whenever it is made again. Its maintainer scripts are in systemd/debian.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { filesIn, Tree } from './tree.js';
import { loadedWorks, notices } from './works.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const library = 'usr/lib/herald';
const documents = 'usr/share/doc/herald';
const addon = 'build/Release/herald.node';

const plainFiles = {
  [addon]: `${library}/${addon}`,
  // It says where the files of herald are.
  'binding.gyp': `${library}/binding.gyp`,
  'systemd/herald.service': 'usr/lib/systemd/system/herald.service',
  'systemd/herald.socket': 'usr/lib/systemd/system/herald.socket',
  'systemd/herald.sysusers.conf': 'usr/lib/sysusers.d/herald.conf',
  'systemd/herald.tmpfiles.conf': 'usr/lib/tmpfiles.d/herald.conf',
  'systemd/herald.example.yaml': `${documents}/examples/herald.yaml`,
  'systemd/allocations.example.yaml': `${documents}/examples/allocations.yaml`,
  'README.md': `${documents}/README.md`,
  'CHANGELOG.md': `${documents}/CHANGELOG.md`,
} as const;

/** By the shell that they are for. */
const completions = {
  '/bin/bash': 'usr/share/bash-completion/completions/herald',
  '/bin/zsh': 'usr/share/zsh/vendor-completions/_herald',
} as const;

const programs = [`${library}/dist/main.js`, 'DEBIAN/postinst', 'DEBIAN/prerm', 'DEBIAN/postrm'];

/** Every Debian has their texts. */
const commonLicences = ['Apache-2.0', 'LGPL-2.1', 'MPL-2.0'];

/** Of a package of npm: what Node may load. What begins like a script is a program of its own. */
const isLoadable = (directory: string, path: string): boolean =>
  /\.(?:[cm]?js|json|node)$/.test(path) &&
  !/(?:^|\/)(?:\.[^/]*|node_modules|tests?|samples?|examples?|native|dependencies|obj\.target)\//.test(path) &&
  !/\.musl\.node$|^rollup\.config/.test(path) &&
  !readFileSync(join(directory, path), 'latin1').startsWith('#!');

const run = (program: string, words: readonly string[], cwd: string = repository): string =>
  execFileSync(program, words, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly engines: { readonly node: string };
}

const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Manifest;

/** https://reproducible-builds.org/specs/source-date-epoch/; without it, the time of the last commit. */
const sourceDate = (): Date =>
  new Date(Number(process.env['SOURCE_DATE_EPOCH'] ?? run('git', ['log', '-1', '--format=%ct'])) * 1000);

function furnish(tree: Tree, version: string): void {
  for (const [from, to] of Object.entries(plainFiles)) tree.copy(join(repository, from), to);
  for (const file of filesIn(join(repository, 'dist')).filter((name) => !name.endsWith('.deb')))
    tree.copy(join(repository, 'dist', file), `${library}/dist/${file}`);
  for (const file of filesIn(join(repository, 'docs')).filter((name) => name !== 'herald.8'))
    tree.copy(join(repository, 'docs', file), `${documents}/docs/${file}`);
  tree.put('usr/share/man/man8/herald.8.gz', gzipSync(readFileSync(join(repository, 'docs/herald.8')), { level: 9 }));
  const { license, engines } = manifest;
  tree.put(
    `${library}/package.json`,
    `${JSON.stringify({ name: 'herald', version, license, type: 'module', engines })}\n`,
  );
  // The Node that the package depends on, whatever stands before it in the PATH of whoever calls.
  tree.put(programs[0]!, tree.read(programs[0]!).toString().replace(/^#!.*/, '#!/usr/bin/node'));
  tree.link('usr/bin/herald', '../lib/herald/dist/main.js');
  for (const [shell, path] of Object.entries(completions))
    tree.put(path, run('env', [`SHELL=${shell}`, process.execPath, 'dist/main.js', 'completion']));
  tree.directory('etc/herald');
  for (const { directory } of loadedWorks(repository)) {
    const place = directory.slice(directory.indexOf('node_modules/'));
    for (const file of filesIn(directory).filter((name) => isLoadable(directory, name)))
      tree.copy(join(directory, file), `${library}/${place}/${file}`);
  }
  run('strip', ['--strip-unneeded', '--remove-section=.comment', ...sharedObjects(tree)], tree.root);
  tree.put(`${documents}/copyright`, copyright());
}

const sharedObjects = (tree: Tree): readonly string[] => tree.files.filter((file) => file.endsWith('.node'));

function copyright(): string {
  const known = (licence: string): string | undefined =>
    commonLicences.includes(licence) ? `The text is in /usr/share/common-licenses/${licence}.` : undefined;
  return `herald ${manifest.version}
Copyright the authors of herald

Licensed under the Apache License, Version 2.0; the text is in /usr/share/common-licenses/Apache-2.0. These works of others
are below /${library}/node_modules, as their authors published them:

${notices(loadedWorks(repository), known)}

${'='.repeat(80)}

/${library}/dist/licences.txt names those of which parts are in the files beside it, with their licences.
`;
}

/** What the shared objects ask for, in Debian's words. */
function libraries(tree: Tree): string {
  const scratch = new Tree();
  try {
    scratch.put('debian/control', 'Source: herald\n\nPackage: herald\nArchitecture: any\n');
    const files = sharedObjects(tree).map((file) => `-e${join(tree.root, file)}`);
    // What it warns of: Node's own symbols, which no library has.
    const said = execFileSync('dpkg-shlibdeps', ['-O', '--warnings=0', ...files], {
      cwd: scratch.root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return said
      .toString()
      .trim()
      .replace(/^shlibs:Depends=/, '');
  } finally {
    scratch.remove();
  }
}

const control = (tree: Tree, version: string, architecture: string, maintainer: string): string =>
  `Package: herald
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${tree.kibibytes}
Depends: nodejs (${manifest.engines.node.replace('>=', '>= ')}), systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles, ${libraries(tree)}
Section: net
Priority: optional
Description: announces addresses over BGP and on the LAN
 herald reads an allocation table, a file or what a controller writes to its
 socket, gives out addresses of its pools, and says over BGP and on the LAN what
 the table says. It is MetalLB's speaker without Kubernetes, in one daemon.
`;

/** Makes herald_VERSION_ARCHITECTURE.deb in `directory` and returns its path. */
export function makeDebianPackage(directory: string, version: string = manifest.version): string {
  for (const file of ['dist/main.js', addon])
    if (!existsSync(join(repository, file))) throw new Error(`${file} is missing: npm ci && npm run build`);
  const date = sourceDate();
  // Debian sorts what follows a tilde before the release, as npm does what follows a hyphen.
  const debianVersion = version.replaceAll('-', '~');
  const architecture = run('dpkg', ['--print-architecture']).trim();
  const maintainer = `${process.env['DEBFULLNAME'] ?? 'herald'} <${process.env['DEBEMAIL'] ?? 'herald@localhost'}>`;
  const day = date.toUTCString().replace(/GMT$/, '+0000');
  const change = `herald (${debianVersion}) unstable; urgency=medium\n\n  * CHANGELOG.md says what changed.\n\n -- ${maintainer}  ${day}\n`;
  const tree = new Tree();
  try {
    furnish(tree, version);
    tree.put(`${documents}/changelog.gz`, gzipSync(change, { level: 9 }));
    const sum = (file: string): string => createHash('md5').update(tree.read(file)).digest('hex');
    const sums = tree.files.filter((file) => file !== 'usr/bin/herald').map((file) => `${sum(file)}  ${file}\n`);
    const about = control(tree, debianVersion, architecture, maintainer);
    tree.put('DEBIAN/md5sums', sums.join(''));
    tree.put('DEBIAN/control', about);
    for (const script of filesIn(join(repository, 'systemd/debian')))
      tree.put(
        `DEBIAN/${script}`,
        readFileSync(join(repository, 'systemd/debian', script), 'utf8')
          .replaceAll('@NODE_MODULES@', process.versions.modules)
          .replaceAll('@NODE@', process.versions.node),
      );
    tree.settle(date, (path) => programs.includes(path));
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `herald_${debianVersion}_${architecture}.deb`);
    // Of xz, several threads make other octets than one, and it takes five times as long.
    const words = ['--root-owner-group', '-Zgzip', '--build', tree.root, path];
    run('env', [`SOURCE_DATE_EPOCH=${date.getTime() / 1000}`, 'dpkg-deb', ...words]);
    return path;
  } finally {
    tree.remove();
  }
}
