import assert from 'node:assert/strict';
import type { TableBody, TableWritten, WriteFailure, WriteOptions } from '../../src/api/house.js';
import { linesOf } from '../../src/api/lines.js';
import { cliSource } from '../../src/plan/announcer.js';
import { formatEntry } from '../../src/table/entry.js';
import { by, lines, outcomeOf, Pushed, told, unforced, upsert } from './pushed.js';

const web = { addresses: ['203.0.113.10'] };
const name = 'default/web';

describe('Writing an entry', () => {
  it('announces it, and changing nothing says nothing and writes nothing', async () => {
    const house = new Pushed();
    assert.equal(outcomeOf(await house.put(name, web)), 'done');
    assert.deepEqual(house.announced, ['203.0.113.10/32']);
    const { calls } = house.port;
    const writes = house.ledger.changes.length;
    assert.equal(outcomeOf(await house.put(name, { ...web, name: 'web' })), 'unchanged');
    assert.deepEqual([house.port.calls, house.ledger.changes.length], [calls, writes]);
    assert.equal(outcomeOf(await house.put(name, { ...web, labels: { a: 'b' } })), 'done');
    assert.equal(house.port.calls, calls, 'what does not show on the wire is not said there');
    assert.equal(outcomeOf(await house.delete(name)), 'done');
    assert.deepEqual(house.announced, []);
    assert.equal(outcomeOf(await house.delete(name)), 'noSuchService');
  });

  it('answers with the service, what looks odd about it, and the entry for the log', async () => {
    const house = new Pushed();
    const written = await house.put(name, { prefixes: ['192.0.2.1/24'] });
    assert.ok(!('failure' in written));
    assert.deepEqual([written.service?.name, written.service?.state], [name, 'Allocated']);
    assert.deepEqual(written.warnings, ['prefixes[0]: "192.0.2.1/24" has host bits; taken as 192.0.2.0/24']);
    assert.deepEqual(JSON.parse(written.entry), { name, prefixes: ['192.0.2.0/24'] });
  });

  it('knows the aliases of communities', async () => {
    const house = new Pushed();
    await house.put(name, { ...web, bgp: { communities: ['blue'] } });
    const held = house.announcer.table.of(cliSource, name);
    assert.deepEqual(formatEntry(held!)['bgp'], { communities: ['64512:100'] });
  });

  it('is possible where the source is written to, and nowhere else', async () => {
    const house = new Pushed();
    assert.equal(outcomeOf(await house.put(name, web, unforced, 'controller')), 'done');
    assert.equal(outcomeOf(await house.put(name, web, unforced, 'nowhere')), 'noSuchSource');
    assert.equal(outcomeOf(await house.delete(name, unforced, 'nowhere')), 'noSuchSource');
    const refused = await house.put(name, web, unforced, 'static');
    assert.ok('failure' in refused && refused.failure === 'notWritable' && refused.message.includes('/t.yaml'));
    assert.equal(outcomeOf(await house.delete(name, unforced, 'static')), 'notWritable');
  });

  it('refuses what is no entry, with every reason', async () => {
    const house = new Pushed();
    assert.deepEqual(await house.put(name, { addresses: ['x'], nam: 1 }), {
      failure: 'invalid',
      name,
      problems: ['addresses[0]: "x" is not an IP address', 'nam: unknown key; did you mean name?'],
    });
    for (const entry of [null, 'x', [web], 7]) assert.equal(outcomeOf(await house.put(name, entry)), 'invalid');
    assert.deepEqual(await house.put(name, { ...web, name: 'other' }), {
      failure: 'invalid',
      name,
      problems: ['name: the entry is called default/other, its path says default/web'],
    });
    assert.equal(outcomeOf(await house.put('default/..', web)), 'invalid');
    assert.equal(house.announcer.table.size, 0);
  });

  it('belongs to its owner, whom only force overrides', async () => {
    const house = new Pushed();
    assert.equal(outcomeOf(await house.put(name, web, by('alice'))), 'done');
    assert.equal(house.announcer.table.of(cliSource, name)?.owner, 'alice');
    const taken = { failure: 'otherOwner', name, owner: 'alice' };
    const moved = { addresses: ['203.0.113.11'] };
    assert.deepEqual(await house.put(name, moved, by('bob')), taken);
    assert.deepEqual(await house.put(name, moved), taken);
    assert.deepEqual(await house.put(name, { ...moved, owner: 'bob' }), taken);
    assert.deepEqual(await house.delete(name, by('bob')), taken);
    assert.deepEqual(await house.delete(name), taken);
    assert.equal(outcomeOf(await house.put(name, moved, by('alice'))), 'done');
    assert.equal(outcomeOf(await house.put(name, web, by('bob', true))), 'done');
    assert.equal(house.announcer.table.of(cliSource, name)?.owner, 'bob');
    assert.equal(outcomeOf(await house.delete(name, by('bob'))), 'done');
  });

  it('of nobody may be taken by anybody', async () => {
    const house = new Pushed();
    await house.put(name, web);
    assert.equal(outcomeOf(await house.put(name, web, by('alice'))), 'done');
    assert.equal(house.announcer.table.of(cliSource, name)?.owner, 'alice');
  });

  it('refuses an owner that entry and request do not agree on', async () => {
    const house = new Pushed();
    assert.deepEqual(await house.put(name, { ...web, owner: 'alice' }, by('bob')), {
      failure: 'invalid',
      name,
      problems: ['owner: the entry says alice, the request bob'],
    });
    assert.equal(outcomeOf(await house.put(name, { ...web, owner: 'alice' }, by('alice'))), 'done');
  });

  it('does not withdraw more than safety allows, unless forced', async () => {
    const house = new Pushed({ maxWithdrawPercent: 50 });
    await house.put(name, web);
    const refused = await house.delete(name);
    assert.ok('failure' in refused && refused.failure === 'refused' && refused.message.includes('1 of 1'));
    assert.equal(house.announced.length, 1);
    assert.equal(outcomeOf(await house.put(name, { ...web, enabled: false })), 'refused');
    assert.ok(house.announcer.table.of(cliSource, name)?.enabled);
    assert.equal(house.restart().announced.length, 1, 'what was refused is not stored');
    assert.equal(outcomeOf(await house.delete(name, { force: true })), 'done');
    assert.deepEqual(house.announced, []);
  });
});

describe('More entries than there is memory for', () => {
  const table = (names: readonly string[]): TableBody => ({
    format: 'json',
    octets: Buffer.from(JSON.stringify({ services: names.map((one) => ({ name: one, ...web })) })),
  });
  const asLines = (names: readonly string[]): TableBody => ({
    format: 'ndjson',
    lines: linesOf(
      (async function* () {
        for (const one of names) yield Buffer.from(`{"name":"${one}","addresses":["203.0.113.10"]}\n`);
      })(),
    ),
  });

  it('are refused by whichever way and source they come, and what is there can be changed and removed', async () => {
    const house = new Pushed({ mostEntries: 3 });
    const { writers } = house.entries;
    for (const one of ['a/a', 'a/b']) assert.equal(outcomeOf(await house.put(one, web)), 'done');
    assert.equal(outcomeOf(await house.put('a/c', web, unforced, 'controller')), 'done');
    assert.equal(outcomeOf(await house.put('a/d', web)), 'full');
    assert.equal(outcomeOf(await house.put('a/d', web, by('ops', true), 'controller')), 'full');
    const stream = writers.stream('controller', unforced);
    assert.ok(!('failure' in stream));
    const answers = await stream.take(lines(upsert('a/d', '203.0.113.11'), upsert('a/c', '203.0.113.12'), 'x'));
    assert.deepEqual(told(answers), ['a/d full', 'a/c Allocated 203.0.113.12', 'undefined invalid']);
    for (const body of [table, asLines])
      for (const names of [
        ['a/x', 'a/y'],
        ['a/1', 'a/2', 'a/3', 'a/4', 'a/5'],
      ]) {
        const refused = await writers.replace('controller', body(names), unforced);
        assert.ok('failure' in refused && ['full', 'invalid'].includes(refused.failure), names.join());
      }
    assert.equal(house.announcer.table.of('controller', 'a/x'), undefined);
    assert.ok('services' in (await writers.replace('controller', table(['a/z']), unforced)), 'as many as before');
    assert.equal(outcomeOf(await house.put('a/a', { addresses: ['203.0.113.13'] })), 'done');
    assert.equal(outcomeOf(await house.delete('a/a')), 'done');
    assert.equal(outcomeOf(await house.put('a/d', web)), 'done');
  });
});

describe('Writing a table', () => {
  const json = (services: unknown): TableBody => ({
    format: 'json',
    octets: Buffer.from(JSON.stringify({ services })),
  });
  const ndjson = (...texts: string[]): TableBody => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (const text of texts) yield Buffer.from(text);
    }
    return { format: 'ndjson', lines: linesOf(pieces()) };
  };
  const named = (...names: string[]) =>
    names.map((text, index) => ({ name: text, addresses: [`203.0.113.${10 + index}`] }));
  const replace = (
    house: Pushed,
    body: TableBody,
    options: WriteOptions = unforced,
  ): Promise<TableWritten | WriteFailure> => house.entries.writers.replace('controller', body, options);
  const counts = (written: TableWritten | WriteFailure): unknown => {
    assert.ok(!('failure' in written), JSON.stringify(written));
    const { outcome, services, added, changed, removed } = written;
    return [outcome, services, added, changed, removed];
  };

  it('puts it in the place of the one before, in one write to the disk, and counts', async () => {
    const house = new Pushed();
    assert.deepEqual(counts(await replace(house, json(named('a', 'b', 'c')))), ['done', 3, 3, 0, 0]);
    assert.equal(house.ledger.changes.length, 1);
    const next = json([
      ...named('a'),
      { name: 'c', addresses: ['203.0.113.99'] },
      { name: 'd', addresses: ['203.0.113.98'] },
    ]);
    assert.deepEqual(counts(await replace(house, next)), ['done', 3, 1, 1, 1]);
    assert.deepEqual(house.announced, ['203.0.113.10/32', '203.0.113.98/32', '203.0.113.99/32']);
    assert.equal(house.ledger.changes.length, 2);
    assert.deepEqual(house.restart().announced, house.announced);
  });

  it('is free when it says what is so already', async () => {
    const house = new Pushed();
    await replace(house, json(named('a', 'b')));
    const { calls } = house.port;
    assert.deepEqual(counts(await replace(house, json(named('a', 'b')))), ['unchanged', 2, 0, 0, 0]);
    assert.deepEqual([house.port.calls, house.ledger.changes.length], [calls, 1]);
  });

  it('reads lines as well, however they are cut', async () => {
    const house = new Pushed();
    const text = `${named('a', 'b')
      .map((entry) => JSON.stringify(entry))
      .join('\n')}\n\n{"name":"c","labels":{"x":"y"},"addresses":["203.0.113.30"]}`;
    assert.deepEqual(counts(await replace(house, ndjson(...text))), ['done', 3, 3, 0, 0]);
    assert.deepEqual(counts(await replace(house, ndjson(''))), ['done', 0, 0, 0, 3]);
  });

  it('takes all of it or nothing, and says where every fault is', async () => {
    const house = new Pushed();
    await replace(house, json(named('a')));
    const bad = [...named('b'), { name: 'c', addresses: ['x'] }, { name: 'b', addresses: [] }];
    const refused = await replace(house, json(bad));
    assert.ok('failure' in refused && refused.failure === 'invalid');
    assert.match(refused.problems.join('\n'), /services\[1\]\.addresses\[0\].*"x" is not an IP address/);
    assert.match(refused.problems.join('\n'), /the name default\/b is taken/);
    const asLines = await replace(house, ndjson(bad.map((entry) => JSON.stringify(entry)).join('\n')));
    assert.ok('failure' in asLines && asLines.failure === 'invalid');
    assert.deepEqual(asLines.problems, [
      'line 2: addresses[0]: "x" is not an IP address',
      'line 3: the name default/b is taken by a line before',
    ]);
    for (const broken of ['{', '[]', '{"services":{}}', '{"services":[],"more":1}', ''])
      assert.equal(outcome(await replace(house, { format: 'json', octets: Buffer.from(broken) })), 'invalid', broken);
    assert.deepEqual(house.announced, ['203.0.113.10/32']);
    assert.equal(house.ledger.changes.length, 1);
  });

  it("never takes another owner's entries, unless forced, and gives its own the owner's name", async () => {
    const house = new Pushed();
    await replace(house, json(named('a', 'b')), by('alice'));
    assert.equal(house.announcer.table.of('controller', 'default/a')?.owner, 'alice');
    const taken = { failure: 'otherOwner', name: 'default/a', owner: 'alice' };
    assert.deepEqual(await replace(house, json([{ name: 'a' }]), by('bob')), taken);
    assert.deepEqual(await replace(house, json([])), taken, 'nor by leaving them out');
    assert.deepEqual(counts(await replace(house, json(named('a')), by('bob', true))), ['done', 1, 0, 1, 1]);
    assert.equal(outcome(await replace(house, json([{ name: 'z', owner: 'alice' }]), by('bob'))), 'invalid');
  });

  it('is bound by safety', async () => {
    const house = new Pushed({ maxWithdrawPercent: 50 });
    await replace(house, json(named('a', 'b')));
    assert.equal(outcome(await replace(house, json([]))), 'refused');
    assert.equal(house.announced.length, 2);
    assert.deepEqual(counts(await replace(house, json([]), { force: true })), ['done', 0, 0, 0, 2]);
  });

  it('is for sources that are written to', async () => {
    const { writers } = new Pushed().entries;
    assert.equal(outcome(await writers.replace('static', json([]), unforced)), 'notWritable');
    assert.equal(outcome(await writers.replace('nowhere', json([]), unforced)), 'noSuchSource');
  });

  const outcome = (result: TableWritten | WriteFailure): string =>
    'failure' in result ? result.failure : result.outcome;
});
