// What the documents say, held against the program: their examples are read, their commands known, their links lead
// somewhere, and their lists of reasons and log events are those of the sources.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { type Command, nameOf } from '../../src/cli/command.js';
import { commands } from '../../src/cli/command-line.js';
import { sections } from '../../src/config/schema.js';
import { readEntry } from '../../src/table/entry.js';
import { accepts, environment } from '../config/given.js';
import { type Block, blocksOf, documents, filesIn, read, root } from './documents.js';

const blocks: readonly Block[] = documents.flatMap(blocksOf);

/** Words of the first column of every table under a heading. */
function firstColumn(document: string, heading: string): readonly string[] {
  const [, section = ''] = read(document).split(`\n${heading}\n`);
  const level = heading.indexOf(' ');
  const [own = ''] = section.split(new RegExp(`^#{1,${level}} `, 'm'));
  return [...own.matchAll(/^\| `(\w+)` \|/gm)].map(([, word = '']) => word);
}

const sorted = (words: Iterable<string>): readonly string[] => [...new Set(words)].sort();
const matches = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, word = '']) => word);

describe('the examples in the documents', () => {
  const yaml = blocks.filter(({ language }) => language === 'yaml');

  it('are there', () => assert.ok(yaml.length >= 6));

  for (const [index, { document, text }] of yaml.entries()) {
    const value: unknown = parse(text);
    assert.ok(typeof value === 'object' && value !== null, document);
    if ('services' in value) {
      it(`are tables that herald takes: ${document}, block ${index + 1}`, () => {
        assert.ok(Array.isArray(value.services));
        for (const entry of value.services) assert.deepEqual(readEntry(entry, new Map()).problems, []);
      });
    } else {
      it(`are configurations that herald takes: ${document}, block ${index + 1}`, () => {
        assert.ok(Object.keys(value).every((key) => Object.hasOwn(sections, key)));
        accepts(text, environment);
      });
    }
  }
});

/** Command lines of herald: in code spans, and behind the prompt in blocks. */
function commandLines(document: string): readonly string[] {
  const prose = read(document).replace(/^```.*?^```$/gms, '');
  const spans = matches(prose, /`(herald [^`]+)`/g);
  const typed = blocks
    .filter((block) => block.document === document)
    .flatMap(({ text }) => matches(text, /^[$#] (?:\w+=\S+ )?(herald .*)$/gm));
  return [...spans, ...typed].flatMap((line) =>
    line
      .replace(/\s#.*$/, '')
      .split(/\s*(?:&&|[|&;…])\s*/)
      .slice(0, 1),
  );
}

const everywhere = ['--help', '--version'];

function complaint(line: string): string | undefined {
  const [, word = '', ...rest] = line.trim().split(/\s+/);
  if (word === 'COMMAND' || word === 'completion' || everywhere.includes(word)) return undefined;
  const command: Command | undefined = commands.find((candidate) => nameOf(candidate) === word);
  if (command === undefined) return `no command ${word}`;
  const known = [...Object.keys(command.options).map((name) => `--${name}`), ...everywhere];
  const unknown = rest.filter((part) => part.startsWith('-')).filter((part) => !known.includes(part.split('=', 1)[0]!));
  return unknown.length === 0 ? undefined : `${word} has no ${unknown.join(', ')}`;
}

describe('the command lines in the documents', () => {
  for (const document of documents) {
    it(`exist: ${document}`, () => {
      const wrong = commandLines(document).flatMap((line) => {
        const said = complaint(line);
        return said === undefined ? [] : [`${line}: ${said}`];
      });
      assert.deepEqual(wrong, []);
    });
  }

  it('are found at all', () => {
    const lines = documents.flatMap(commandLines);
    for (const command of commands) assert.ok(lines.some((line) => line.startsWith(`herald ${nameOf(command)}`)));
    assert.ok(complaint('herald anounce x') && complaint('herald check --tabel x'));
  });

  it('of npm are scripts of the package', () => {
    const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(read('package.json'));
    for (const document of documents)
      for (const name of matches(read(document), /npm run ([a-z:]+)/g)) assert.ok(Object.hasOwn(scripts, name), name);
  });
});

/** GitHub's anchors. */
const anchorsOf = (document: string): readonly string[] =>
  matches(read(document).replace(/^```.*?^```$/gms, ''), /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('the links in the documents', () => {
  for (const document of documents) {
    it(`lead somewhere: ${document}`, () => {
      for (const link of matches(read(document), /\]\((?!https?:)([^)\s]+)\)/g)) {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? document : join(dirname(document), path);
        assert.ok(existsSync(join(root, target)), link);
        if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), link);
      }
    });
  }
});

describe('docs/runbook.md', () => {
  const runbook = 'docs/runbook.md';

  it('has every reason why something is withheld, and no other', () => {
    const reasons = ['src/plan/reasons.ts', 'src/l2/wish.ts'].flatMap((file) => matches(read(file), /^ +\| '(\w+)'/gm));
    assert.ok(reasons.length > 5);
    assert.deepEqual(sorted(firstColumn(runbook, '### Of announcements')), sorted(reasons));
  });

  it('has every reason of a service, and no other', () => {
    const refused = matches(read('src/pools/reasons.ts'), /^ +\| '(\w+)'/gm);
    const announcements = new Set(firstColumn(runbook, '### Of announcements'));
    const listed = matches(read('src/plan/listing.ts'), /reason: '(\w+)'/g).filter((word) => !announcements.has(word));
    assert.ok(refused.length > 3 && listed.length > 1);
    assert.deepEqual(sorted(firstColumn(runbook, '### Of services')), sorted([...refused, ...listed]));
  });

  it('has every alert, and no other', () => {
    const alerts = matches(read('docs/monitoring/alerts.yaml'), /- alert: (\w+)/g);
    assert.deepEqual(firstColumn(runbook, '## When an alert fires'), alerts);
  });

  it('has every log event, and no other', () => {
    const sources = filesIn('src', '.ts').filter((file) => !file.startsWith('src/cli/'));
    const written = sources.flatMap((file) => matches(read(file), /[wW]rite(?:Once)?\(\s*[^,()]+,\s*'(\w+)'/g));
    const [, endings = ''] = /endingEvents[^=]*=\s*\{(.*?)\}/s.exec(read('src/bgp/session-journal.ts')) ?? [];
    const named = matches(endings, /: '(\w+)'/g);
    assert.ok(written.length > 20 && named.length > 3);
    assert.deepEqual(sorted(firstColumn(runbook, '## Log events')), sorted([...written, ...named]));
  });
});

describe('docs/api.md', () => {
  it('has every code of an error, and no other', () => {
    const codes = filesIn('src/api', '.ts').flatMap((file) =>
      matches(read(file), /(?:new CallError|super)\(\s*[^,()]+,\s*'(\w+)'/g),
    );
    const [, section = ''] = read('docs/api.md').split('\n## Errors\n');
    const [rows = ''] = section.split('\n## ');
    const documented = matches(rows, /^\| \d+ \| ([^|]+) \|/gm).flatMap((cell) => matches(cell, /`(\w+)`/g));
    assert.ok(codes.length > 20);
    assert.deepEqual(sorted(documented), sorted(codes));
  });
});

describe('systemd/herald.service', () => {
  const unit = read('systemd/herald.service');
  const values = (key: string): readonly string[] => matches(unit, new RegExp(`^${key}=(.*)$`, 'gm'));

  it('starts a command that exists', () => {
    for (const line of values('ExecStart'))
      assert.equal(complaint(line.replace('/usr/bin/herald', 'herald')), undefined);
    assert.equal(values('ExecStart').length, 1);
  });

  it('gives the three privileges that something of herald needs, and lets Node compile', () => {
    const needed = 'CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_NET_ADMIN';
    assert.deepEqual(['AmbientCapabilities', 'CapabilityBoundingSet'].flatMap(values), [needed, needed]);
    assert.deepEqual(values('MemoryDenyWriteExecute'), []);
  });
});
