import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { ExplainBody } from '../../src/api/house.js';
import { eventually } from '../interop/eventually.js';
import { Herald } from './herald.js';
import { Router } from './router.js';

const config = (router: object): string => `node: { name: node-a }
bgp: { asn: 64512, routerID: 10.0.0.11 }
bgpPeers:
  - ${JSON.stringify(router)}
addressPools:
  - name: production
    addresses:
      - 203.0.113.0/24
bgpAdvertisements:
  - { name: blue, ipAddressPools: [production], communities: ["64512:100"] }
  - { name: rows, serviceSelectors: [] }
sources:
  - file: table.yaml
  - file: more.ndjson
  - file: rows.csv
http: { listen: "" }
`;

const table = `services:
  - name: shop/web
    addresses: [203.0.113.10]

  - name: shop/late
    addresses: [192.0.2.1]
  - { name: shop/bad, adresses: [] }
`;

describe('What an operator sees of a running herald', () => {
  const herald = new Herald();
  let router: Router;

  before(async () => {
    router = await Router.listen('127.0.0.2');
    herald.write('table.yaml', table);
    herald.write('more.ndjson', '{"name":"shop/web","addresses":["203.0.113.9"]}\n\n{"name":"shop/api"}\n');
    herald.write('rows.csv', 'prefix,med\n198.51.100.0/24,5\n192.0.2.128/25,7\n');
    herald.writeConfig(config(router.peer('router')));
    await herald.start();
    await herald.established('router');
    await router.holds('203.0.113.10/32', '203.0.113.0/32', '192.0.2.128/25', '198.51.100.0/24');
  });

  after(async () => {
    await herald.remove();
    await router.close();
  });

  /** `yes source table.yaml:2:5`, with files by their name. */
  async function chain(asked: string): Promise<string[]> {
    const { steps } = await herald.get<ExplainBody>(`/v1/explain/${encodeURIComponent(asked)}`);
    return steps.map(({ step, verdict, where }) => `${verdict} ${step} ${where.replace(/.*\//, '')}`.trimEnd());
  }

  it('explains a service with the lines of its table and of the configuration', async () => {
    assert.deepEqual(await chain('shop/web'), [
      'yes source table.yaml:2:5',
      'yes class',
      'yes allocation table.yaml:2:5',
      'yes advertisement herald.yaml:10:5',
      'yes advertisement herald.yaml:11:5',
      'yes node',
      'yes peer herald.yaml:4:5',
      'yes wire',
      'no source table.yaml:2:5',
    ]);
    assert.deepEqual((await chain('shop/api')).slice(0, 3), [
      'yes source more.ndjson:3:1',
      'yes class',
      'yes allocation herald.yaml:8:9',
    ]);
  });

  it('explains rejected entries, rows, and addresses that nobody has', async () => {
    assert.deepEqual(await chain('shop/bad'), ['no source table.yaml:7:33']);
    assert.deepEqual((await chain('shop/late')).at(-1), 'no allocation table.yaml:5:5');
    assert.deepEqual((await chain('192.0.2.200')).slice(0, 2), [
      'no allocation herald.yaml:5:1',
      'yes source rows.csv:3:1',
    ]);
    const { code, out } = await herald.type('explain', '203.0.113.99');
    assert.equal(code, 0);
    assert.match(
      out,
      /^203\.0\.113\.99 is in pool production, allocated to nobody\n\n✓ allocation +the pool production covers/,
    );
    const unknown = await herald.type('explain', 'shop/nothing');
    assert.deepEqual([unknown.code, unknown.out], [1, '']);
    assert.match(unknown.err, /^herald: shop\/nothing is no address, no prefix, and no service that is there\n$/);
  });

  it('names no line that is not there any more', async () => {
    // In place and unusable: what is in force is of an earlier text.
    const before = herald.logged('sourceStale').length;
    writeFileSync(herald.path('table.yaml'), 'services: [\n');
    await herald.hear('sourceStale', before);
    assert.deepEqual((await chain('shop/web'))[0], 'note source');
    herald.write('table.yaml', `# moved\n${table}`);
    await eventually(
      () => chain('shop/web'),
      ([first]) => assert.equal(first, 'yes source table.yaml:3:5'),
    );
  });

  it('has the events from the start on, the first session among them', async () => {
    const { code, out } = await herald.type('events');
    assert.equal(code, 0);
    const words = out.split('\n').map((line) => line.split(/ +/)[4]);
    assert(words.includes('starting') && words.includes('sessionUp'), out);
    const first: { id: number; event: string } = JSON.parse(
      (await herald.type('events', '--json')).out.split('\n', 1)[0]!,
    );
    const rest = await herald.type('events', '--json', '--since', String(first.id));
    assert.doesNotMatch(rest.out, new RegExp(`"id":${first.id},`));
  });

  it('follows the events over a restart until Ctrl-C', async () => {
    const following = herald.keepTyping('events', '--follow');
    const deaf = herald.keepTyping('events', '--follow');
    await eventually(
      () => [following.out, deaf.out],
      (all) => assert(all.every((text) => text.includes(' starting '))),
    );
    deaf.stopReading();
    assert.equal(await herald.stop(), 0);
    await herald.start();
    await eventually(
      () => following.err,
      (text) =>
        assert.equal(text, 'herald: it has gone away; waiting until it answers again\nherald: it answers again\n'),
      15_000,
    );
    await eventually(
      () => following.out,
      (text) => assert.match(text, / starting .* stopping .* starting /s),
    );
    following.interrupt();
    assert.equal(await following.ended, 0);
    // Like head, that has seen enough.
    assert.deepEqual([await deaf.ended, deaf.err.includes('EPIPE')], [0, false]);
  });
});
