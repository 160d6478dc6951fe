import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAddress, formatPrefix } from '../../src/net/address.js';
import type { Community } from '../../src/net/community.js';
import { formatEntry, readEntry, serviceKeys } from '../../src/table/entry.js';
import type { Service } from '../../src/table/service.js';

const blue: Community = { kind: 'standard', value: 64512 * 65536 + 100 };
const aliases = new Map([['blue', blue]]);
const read = (value: unknown) => readEntry(value, aliases);

function good(value: unknown): Service {
  const { service, problems } = read(value);
  assert.deepEqual(problems, []);
  assert(service !== undefined);
  return service;
}

/** `path: message` of every problem. */
const said = (value: unknown): string[] => read(value).problems.map(({ path, message }) => `${path}: ${message}`);

describe('a service entry', () => {
  it('needs nothing but a name, and gets every default', () => {
    assert.deepEqual(good({ name: 'shop/web' }), {
      name: 'shop/web',
      addresses: [],
      addressPool: '',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: [],
      prefixes: [],
      allowSharedIP: '',
      ports: [],
      loadBalancerClass: '',
      labels: {},
      externalTrafficPolicy: 'Cluster',
      selector: {},
      endpoints: undefined,
      nodes: [],
      enabled: true,
      owner: '',
      bgp: {},
    });
  });

  it('names a hundred things that are wrong with it, and counts the rest, none of which makes it usable', () => {
    const addresses = Array.from({ length: 1000 }, (_, i) => `x${i}`);
    const wrong = said({ name: 'a', addresses });
    assert.deepEqual(
      [wrong.length, wrong[99], wrong[100]],
      [101, 'addresses[99]: "x99" is not an IP address', ': 900 more problems are not listed'],
    );
    const keys = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key${i}`, 0]));
    assert.equal(said({ name: 'a', ...keys }).length, 101);
    const prefixes = Array.from({ length: 300 }, (_, i) => `10.0.${i & 255}.1/${24 + (i >> 8)}`);
    assert.equal(read({ name: 'a', prefixes }).service?.prefixes.length, 300, 'warnings leave it usable');
    const last = read({ name: 'a', prefixes, enabled: 'no' });
    assert.deepEqual([last.service, last.problems.at(-1)?.severity], [undefined, 'error']);
    assert.deepEqual(said({ name: 'a', enabled: 'no' }).length, 1, 'the next begins anew');
  });

  it('may use every key of the reference', () => {
    const entry = {
      name: 'shop/web',
      addresses: ['203.0.113.10', '2001:db8::10'],
      addressPool: 'production',
      ipFamilyPolicy: 'RequireDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
      prefixes: ['192.0.2.0/24'],
      allowSharedIP: 'key',
      ports: [{ protocol: 'TCP', port: 443 }],
      loadBalancerClass: 'example.com/lb',
      labels: { app: 'web' },
      externalTrafficPolicy: 'Local',
      selector: { app: 'web' },
      endpoints: [{ node: 'node-a', ready: true, serving: true }],
      nodes: ['node-a'],
      enabled: false,
      owner: 'controller',
      bgp: { communities: ['64512:100', 'large:64512:1:2'], localPref: 200, med: 0, asPathPrepend: 2 },
    };
    assert.deepEqual(Object.keys(entry), serviceKeys);
    assert.deepEqual(formatEntry(good(entry)), entry);
  });

  it('puts a bare name into the namespace default', () => {
    assert.equal(good({ name: 'web' }).name, 'default/web');
  });

  for (const name of ['', '/', 'a/', '/a', 'a/b/c', '..', './a', 'a/..', 'a b', 'a\tb', 'a\u200bb', 'x'.repeat(254)])
    it(`refuses ${JSON.stringify(name.slice(0, 20))} as a name`, () => {
      assert.equal(read({ name }).service, undefined);
      assert.equal(read({ name }).problems[0]?.path, 'name');
    });

  it('refuses what is no mapping', () => {
    assert.deepEqual(said('shop/web'), [': must be a mapping with at least a name, not a string']);
    assert.deepEqual(said([]), [': must be a mapping with at least a name, not a list']);
    assert.deepEqual(said(null), [': must be a mapping with at least a name, not nothing']);
    assert.deepEqual(said({}), [': name is missing']);
  });

  it('names the nearest known key for an unknown one', () => {
    assert.deepEqual(said({ name: 'a', adresses: [] }), ['adresses: unknown key; did you mean addresses?']);
    assert.deepEqual(said({ name: 'a', bgp: { comunities: [] } }), [
      'bgp.comunities: unknown key; did you mean communities?',
    ]);
    assert.deepEqual(said({ name: 'a', ports: [{ prot: 'TCP', port: 1 }] }), [
      'ports[0].prot: unknown key; did you mean port?',
    ]);
  });

  it('reports every problem, not only the first, and still knows the name', () => {
    const { name, service, problems } = read({ name: 'a', addresses: ['1.2.3'], enabled: 'yes', nodes: 7 });
    assert.equal(name, 'default/a');
    assert.equal(service, undefined);
    assert.deepEqual(
      problems.map(({ path }) => path),
      ['addresses[0]', 'enabled', 'nodes'],
    );
  });

  it('takes addresses strictly', () => {
    for (const address of ['203.0.113.010', '203.0.113', ' 203.0.113.1', '0x7f000001', '2001:db8::1%eth0', ''])
      assert.match(said({ name: 'a', addresses: [address] })[0] ?? '', /^addresses\[0\]: .* is not an IP address$/);
    assert.deepEqual(said({ name: 'a', addresses: [1] }), ['addresses[0]: must be a string, not a number']);
    assert.deepEqual(said({ name: 'a', addresses: '203.0.113.1' }), ['addresses: must be a list, not a string']);
    assert.match(said({ name: 'a', addresses: ['192.0.2.0/24'] })[0] ?? '', /is a prefix; .* under prefixes/);
  });

  it('does not take an empty value for an absent one: a template that rendered nothing must not allocate', () => {
    assert.deepEqual(said({ name: 'a', addresses: null }), ['addresses: must be a list, not nothing']);
  });

  for (const address of ['0.0.0.0', '127.0.0.1', '224.0.0.5', '255.255.255.255', '::', '::1', 'fe80::1', 'ff02::1'])
    it(`refuses ${address}, which no router would take`, () => {
      assert.match(said({ name: 'a', addresses: [address] })[0] ?? '', /cannot be announced: it is /);
    });

  it('announces default routes, but no piece of a martian block', () => {
    assert.deepEqual(said({ name: 'a', prefixes: ['0.0.0.0/0', '::/0', '0.0.0.0/1', '128.0.0.0/1'] }), []);
    assert.match(said({ name: 'a', prefixes: ['127.1.0.0/16'] })[0] ?? '', /it is loopback/);
  });

  it('masks the host bits of a prefix and says so', () => {
    const { service, problems } = read({ name: 'a', prefixes: ['192.0.2.77/24', '2001:db8::1/32', '192.0.2.1'] });
    assert.deepEqual(service?.prefixes.map(formatPrefix), ['192.0.2.0/24', '2001:db8::/32', '192.0.2.1/32']);
    assert.deepEqual(
      problems.map(({ severity, path, message }) => [severity, path, message]),
      [
        ['warning', 'prefixes[0]', '"192.0.2.77/24" has host bits; taken as 192.0.2.0/24'],
        ['warning', 'prefixes[1]', '"2001:db8::1/32" has host bits; taken as 2001:db8::/32'],
      ],
    );
  });

  it('takes what is listed twice once, and says so', () => {
    const { service, problems } = read({
      name: 'a',
      addresses: ['2001:db8::1', '2001:DB8:0::1'],
      nodes: ['node-a', 'node-b', 'node-a'],
    });
    assert.deepEqual(service?.addresses.map(formatAddress), ['2001:db8::1']);
    assert.deepEqual(service.nodes, ['node-a', 'node-b']);
    assert.deepEqual(
      problems.map(({ severity, path }) => [severity, path]),
      [
        ['warning', 'addresses[1]'],
        ['warning', 'nodes[2]'],
      ],
    );
  });

  it('asks for both families when it names both, as Kubernetes does', () => {
    assert.equal(good({ name: 'a', ipFamilies: ['IPv6', 'IPv4'] }).ipFamilyPolicy, 'RequireDualStack');
    assert.match(
      said({ name: 'a', ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'SingleStack' })[0] ?? '',
      /two families/,
    );
  });

  it('serves from an endpoint that says nothing, and not from one that is not ready', () => {
    const { endpoints } = good({ name: 'a', endpoints: [{ node: 'x' }, { node: 'y', ready: false }] });
    assert.deepEqual(endpoints, [
      { node: 'x', ready: undefined, serving: true },
      { node: 'y', ready: false, serving: false },
    ]);
    assert.deepEqual(good({ name: 'a', endpoints: [] }).endpoints, []);
  });

  it('resolves the names of communities', () => {
    assert.deepEqual(good({ name: 'a', bgp: { communities: ['blue'] } }).bgp, { communities: [blue] });
    assert.match(said({ name: 'a', bgp: { communities: ['blu'] } })[0] ?? '', /^bgp\.communities\[0\]: /);
    assert.match(said({ name: 'a', bgp: { communities: [100] } })[0] ?? '', /must be a string/);
  });

  it('bounds the numbers of a route', () => {
    assert.deepEqual(good({ name: 'a', bgp: { localPref: 4294967295, med: 0, asPathPrepend: 255 } }).bgp, {
      localPref: 4294967295,
      med: 0,
      asPathPrepend: 255,
    });
    for (const bgp of [{ localPref: -1 }, { med: 4294967296 }, { asPathPrepend: 256 }, { med: 1.5 }, { med: '1' }])
      assert.match(said({ name: 'a', bgp })[0] ?? '', /must be a whole number from 0 to/);
  });

  it('keeps a label called __proto__ as a label', () => {
    const { labels } = good(JSON.parse('{"name":"a","labels":{"__proto__":"x"}}'));
    assert.deepEqual(Object.entries(labels), [['__proto__', 'x']]);
  });

  it('answers any JSON with a service or with errors, never with an exception', () => {
    const key = fc.constantFrom(...serviceKeys, 'x', '__proto__', 'constructor');
    const entry = fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue()));
    fc.assert(
      fc.property(entry, (value) => {
        const { service, problems } = read(value);
        assert.equal(
          service === undefined,
          problems.some(({ severity }) => severity === 'error'),
        );
      }),
    );
  });

  it('survives being written and read again', () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
    const octet = fc.integer({ min: 0, max: 255 });
    const address = fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 126 }), octet, octet, octet).map((octets) => octets.join('.')),
      fc.integer({ min: 0, max: 0xffff }).map((group) => `2001:db8::${group.toString(16)}`),
    );
    const entry = fc.record(
      {
        name: fc.tuple(word, word).map(([namespace, name]) => `${namespace}/${name}`),
        addresses: fc.uniqueArray(address, { maxLength: 3 }),
        addressPool: word,
        ipFamilyPolicy: fc.constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'),
        ipFamilies: fc.constantFrom([], ['IPv4'], ['IPv6']),
        prefixes: fc.uniqueArray(fc.constantFrom('192.0.2.0/24', '2001:db8::/32', '0.0.0.0/0')),
        allowSharedIP: fc.constantFrom('', 'a b'),
        ports: fc.uniqueArray(
          fc.record({ protocol: fc.constantFrom('TCP', 'UDP'), port: fc.integer({ min: 1, max: 65535 }) }),
          {
            selector: ({ protocol, port }) => `${protocol}${port}`,
          },
        ),
        loadBalancerClass: word,
        labels: fc.dictionary(word, word),
        externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
        selector: fc.constantFrom({}, { app: 'web' }),
        endpoints: fc.uniqueArray(
          fc.record({ node: word, ready: fc.boolean(), serving: fc.boolean() }, { requiredKeys: ['node'] }),
          { selector: ({ node }) => node },
        ),
        nodes: fc.uniqueArray(word),
        enabled: fc.boolean(),
        owner: word,
        bgp: fc.record(
          {
            communities: fc.constantFrom(['no-export'], ['64512:1', 'ext:rt:1:2']),
            med: fc.nat(),
            asPathPrepend: octet,
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['name'] },
    );
    fc.assert(
      fc.property(entry, (value) => {
        const service = good(value);
        assert.deepEqual(good(JSON.parse(JSON.stringify(formatEntry(service)))), service);
      }),
    );
  });
});
