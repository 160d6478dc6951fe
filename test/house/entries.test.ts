import assert from 'node:assert/strict';
import type { Config } from '../../src/config/config.js';
import { deleteEntry, putEntry, type WriteOptions } from '../../src/house/entries.js';
import { Announcer, cliSource } from '../../src/plan/announcer.js';
import { formatEntry } from '../../src/table/entry.js';
import { configured, ToldPort } from '../plan/given.js';

const unforced: WriteOptions = { force: false };
const by = (owner: string, force = false): WriteOptions => ({ owner, force });

class House {
  readonly port = new ToldPort();
  readonly config: Config;
  readonly announcer: Announcer;

  constructor(maxWithdrawPercent = 100) {
    const lines = [
      'sources:',
      '  - { name: static, file: /t.yaml }',
      '  - { name: controller, socket: {} }',
      'communities: [{ name: blue, value: "64512:100" }]',
      `safety: { maxWithdrawPercent: ${maxWithdrawPercent} }`,
    ];
    this.config = configured(lines.join('\n'));
    this.announcer = new Announcer(this.config, this.port, () => new Date(0));
  }

  put(name: string, entry: unknown, options = unforced, source = cliSource) {
    return putEntry(this.announcer, this.config, source, name, entry, options);
  }

  delete(name: string, options = unforced, source = cliSource) {
    return deleteEntry(this.announcer, this.config, source, name, options);
  }
}

const web = { addresses: ['203.0.113.10'] };
const name = 'default/web';

describe('Writing an entry', () => {
  it('announces it, and changing nothing says nothing', () => {
    const house = new House();
    assert.deepEqual(house.put(name, web), { kind: 'done' });
    assert.deepEqual([...house.port.view(1).keys()], ['203.0.113.10/32']);
    const { calls } = house.port;
    assert.deepEqual(house.put(name, { ...web, name: 'web' }), { kind: 'unchanged' });
    assert.equal(house.port.calls, calls);
    assert.deepEqual(house.put(name, { ...web, labels: { a: 'b' } }), { kind: 'done' });
    assert.equal(house.port.calls, calls, 'what does not show on the wire is not said there');
    assert.deepEqual(house.delete(name), { kind: 'done' });
    assert.equal(house.port.view(1).size, 0);
    assert.deepEqual(house.delete(name), { kind: 'noSuchService' });
  });

  it('knows the aliases of communities', () => {
    const house = new House();
    house.put(name, { ...web, bgp: { communities: ['blue'] } });
    const held = house.announcer.table.of(cliSource, name);
    assert.deepEqual(formatEntry(held!)['bgp'], { communities: ['64512:100'] });
  });

  it('is possible where the source is written to, and nowhere else', () => {
    const house = new House();
    assert.deepEqual(house.put(name, web, unforced, 'controller'), { kind: 'done' });
    assert.deepEqual(house.put(name, web, unforced, 'nowhere'), { kind: 'noSuchSource' });
    assert.deepEqual(house.delete(name, unforced, 'nowhere'), { kind: 'noSuchSource' });
    const refused = house.put(name, web, unforced, 'static');
    assert.ok(refused.kind === 'notWritable' && refused.message.includes('/t.yaml'));
    assert.equal(house.delete(name, unforced, 'static').kind, 'notWritable');
  });

  it('refuses what is no entry, with every reason', () => {
    const house = new House();
    assert.deepEqual(house.put(name, { addresses: ['x'], nam: 1 }), {
      kind: 'invalid',
      problems: ['addresses[0]: "x" is not an IP address', 'nam: unknown key; did you mean name?'],
    });
    for (const entry of [null, 'x', [web], 7]) assert.equal(house.put(name, entry).kind, 'invalid');
    assert.deepEqual(house.put(name, { ...web, name: 'other' }), {
      kind: 'invalid',
      problems: ['name: the entry is called default/other, its path says default/web'],
    });
    assert.equal(house.put('default/..', web).kind, 'invalid');
    assert.equal(house.announcer.table.size, 0);
  });

  it('belongs to its owner, whom only force overrides', () => {
    const house = new House();
    assert.deepEqual(house.put(name, web, by('alice')), { kind: 'done' });
    assert.equal(house.announcer.table.of(cliSource, name)?.owner, 'alice');
    const taken = { kind: 'otherOwner', owner: 'alice' };
    const moved = { addresses: ['203.0.113.11'] };
    assert.deepEqual(house.put(name, moved, by('bob')), taken);
    assert.deepEqual(house.put(name, moved), taken);
    assert.deepEqual(house.put(name, { ...moved, owner: 'bob' }), taken);
    assert.deepEqual(house.delete(name, by('bob')), taken);
    assert.deepEqual(house.delete(name), taken);
    assert.deepEqual(house.put(name, moved, by('alice')), { kind: 'done' });
    assert.deepEqual(house.put(name, web, by('bob', true)), { kind: 'done' });
    assert.equal(house.announcer.table.of(cliSource, name)?.owner, 'bob');
    assert.deepEqual(house.delete(name, by('bob')), { kind: 'done' });
  });

  it('of nobody may be taken by anybody', () => {
    const house = new House();
    house.put(name, web);
    assert.deepEqual(house.put(name, web, by('alice')), { kind: 'done' });
    assert.equal(house.announcer.table.of(cliSource, name)?.owner, 'alice');
  });

  it('refuses an owner that entry and request do not agree on', () => {
    const house = new House();
    assert.deepEqual(house.put(name, { ...web, owner: 'alice' }, by('bob')), {
      kind: 'invalid',
      problems: ['owner: the entry says alice, the request bob'],
    });
    assert.deepEqual(house.put(name, { ...web, owner: 'alice' }, by('alice')), { kind: 'done' });
  });

  it('does not withdraw more than safety allows, unless forced', () => {
    const house = new House(50);
    house.put(name, web);
    const refused = house.delete(name);
    assert.ok(refused.kind === 'refused' && refused.message.includes('1 of 1'));
    assert.equal(house.port.view(1).size, 1);
    assert.equal(house.put(name, { ...web, enabled: false }).kind, 'refused');
    assert.ok(house.announcer.table.of(cliSource, name)?.enabled);
    assert.deepEqual(house.delete(name, { force: true }), { kind: 'done' });
    assert.equal(house.port.view(1).size, 0);
  });
});
