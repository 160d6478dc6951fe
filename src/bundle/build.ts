// npm run build: the bundles of both threads, the way in, and a code cache for each bundle. The cache is what V8 compiled in
// a life of herald that the build leads it through here, so that a start compiles nothing; without it all works as well.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { type BundleName, identityLine, wrapper } from './load.js';
import { lead } from './rehearsal.js';
import { bundledWorks, loadedAsTheyAre, notices } from './works.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const stage = join(dist, 'rehearsal');

const entries: { readonly [N in BundleName]: string } = { herald: 'src/main.ts', bgp: 'src/bgp/worker.ts' };

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  minifyWhitespace: true,
  minifySyntax: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  define: {
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
    'import.meta.url': 'bundleUrl',
  },
  logLevel: 'warning',
};

async function bundle(name: BundleName): Promise<Metafile> {
  const outfile = join(dist, `${name}.cjs`);
  const { metafile } = await build({
    ...common,
    entryPoints: [entries[name]],
    outfile,
    legalComments: 'linked',
    external: loadedAsTheyAre,
    metafile: true,
    alias: { yaml: './node_modules/yaml/browser/index.js' },
    banner: { js: `${wrapper[0]}const bundleUrl="file://"+encodeURI(__filename).replace(/[?#]/g,encodeURIComponent);` },
    footer: { js: wrapper[1] },
  });
  // What is compiled from a cache has no import(): the way in lends its own.
  const text = readFileSync(outfile, 'utf8').replaceAll(/\bimport\("/g, 'importPackage("');
  writeFileSync(outfile, identityLine(createHash('sha256').update(text).digest('hex')) + text);
  return metafile;
}

/** The status page has a build of its own; this one only says what is in it. */
async function page(): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/page/page.tsx'],
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    metafile: true,
    write: false,
  });
  return metafile;
}

const wayIn = (entry: string, outfile: string): Promise<unknown> => build({ ...common, entryPoints: [entry], outfile });

async function record(): Promise<void> {
  const names = Object.keys(entries) as BundleName[];
  mkdirSync(stage);
  await wayIn('src/bundle/record.ts', join(stage, 'main.js'));
  await lead(join(stage, 'main.js'), stage);
  for (const name of names) {
    const identity = readFileSync(join(dist, `${name}.cjs`), 'latin1').split('\n', 1)[0];
    const recorded = readFileSync(join(stage, `${name}.recorded`));
    writeFileSync(join(dist, `${name}.cache`), Buffer.concat([Buffer.from(`${identity}\n`), recorded]));
  }
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
// The package is of modules, what is built is not: Node takes twice as long to its first line of a module.
writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
const metafiles = await Promise.all([bundle('herald'), bundle('bgp'), page()]);
await wayIn('src/start.ts', join(dist, 'main.js'));
chmodSync(join(dist, 'main.js'), 0o755);
const works = new Map(
  metafiles.flatMap((metafile) => bundledWorks(root, metafile)).map((work) => [work.directory, work]),
);
writeFileSync(
  join(dist, 'licences.txt'),
  `herald is under the Apache License 2.0. Parts of these works are in the files beside this one.\n\n${notices([...works.values()])}\n`,
);
try {
  await record();
} catch (error) {
  process.stderr.write(`herald will start more slowly, for want of a code cache: ${String(error)}\n`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
