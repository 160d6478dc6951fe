import assert from 'node:assert/strict';
import type { ExplainBody } from '../../src/api/house.js';
import { explain } from '../../src/house/explain.js';
import { Announcer } from '../../src/plan/announcer.js';
import { Listing } from '../../src/plan/listing.js';
import { configured, type Given, service, ToldPort } from '../plan/given.js';

const since = new Date('2026-01-02T03:04:05Z');
const pools = 'addressPools: [{ name: production, addresses: [203.0.113.0/24] }]\n';

function asked(text: string, services: Readonly<Record<string, Given>>, lines = pools, isUp = true): ExplainBody {
  const config = configured(`sources: [{ name: static, file: /t.yaml }]\n${lines}`, 1);
  const announcer = new Announcer(config, new ToldPort(), () => since);
  announcer.applyServices('static', {
    upserted: Object.entries(services).map(([name, entry]) => service(name, entry)),
    removed: [],
  });
  const listing = new Listing(
    announcer,
    () => ({ established: isUp, families: ['ipv4'] }),
    () => new Map(),
    () => since,
  );
  const body = explain(text, { announcer, listing });
  assert(body !== undefined, `${text} is unknown`);
  return body;
}

const steps = ({ steps: all }: ExplainBody): string[] => all.map(({ step, verdict }) => `${step} ${verdict}`);
const web: Given = { addresses: ['203.0.113.10'] };

describe('To explain', () => {
  it('a service that is announced, from its source to the wire', () => {
    const body = asked('web', { web });
    assert.equal(body.kind, 'service');
    assert.match(body.verdict, /^default\/web is announced: /);
    assert.deepEqual(steps(body), ['source yes', 'allocation yes', 'wire yes']);
  });

  it('an address, with the pool it is in and who has it', () => {
    const body = asked('203.0.113.10', { web });
    assert.equal(body.kind, 'address');
    assert.deepEqual(steps(body), ['allocation yes', 'source yes', 'allocation yes', 'wire yes']);
  });

  it('an address of a pool that nobody has, and one that no pool has', () => {
    assert.equal(asked('203.0.113.99', {}).verdict, '203.0.113.99 is in pool production, allocated to nobody');
    assert.equal(asked('192.0.2.1', {}).verdict, '192.0.2.1 is in no address pool and allocated to nobody');
  });

  it('a prefix that a service announces as it is', () => {
    const body = asked('192.0.2.0/24', { block: { prefixes: ['192.0.2.0/24'] } });
    assert.deepEqual([body.kind, body.verdict.split(':')[0]], ['prefix', 'default/block is announced']);
  });

  it('what stands in the way: the node, the peer, the pool', () => {
    assert(steps(asked('web', { web: { ...web, enabled: false } })).includes('node no'));
    assert.match(asked('web', { web: { ...web, enabled: false } }).verdict, /not announced: disabled$/);
    assert(steps(asked('web', { web }, pools, false)).includes('peer no'));
    const outside = asked('192.0.2.7', { web: { addresses: ['192.0.2.7'] } });
    assert.deepEqual(steps(outside).slice(0, 1), ['allocation no']);
    assert.match(outside.verdict, /not announced: .*192\.0\.2\.7/);
  });

  it('nothing of what nobody has heard of', () => {
    assert.throws(() => asked('shop/nothing', { web }), /is unknown/);
  });
});
