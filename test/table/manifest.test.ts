import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAddress } from '../../src/net/address.js';
import { formatProblem } from '../../src/problem.js';
import { formatEntry } from '../../src/table/entry.js';
import { whole } from '../../src/table/plain-service.js';
import type { Service } from '../../src/table/service.js';
import type { ServicesChange, TableChange } from '../../src/table/table-change.js';
import { YamlTable } from '../../src/table/yaml-table.js';

const said = ({ problems }: TableChange): string[] => problems.map(formatProblem);

function table(text: string): ServicesChange {
  const change = new YamlTable('m.yaml', new Map()).update(text);
  assert(change.kind === 'services', said(change).join('\n'));
  return change;
}

const services = (text: string): Service[] => table(text).upserted.map(whole);
const entries = (text: string): unknown[] => services(text).map(formatEntry);

const service = (lines: readonly string[], spec: readonly string[] = []): string =>
  [
    'apiVersion: v1',
    'kind: Service',
    'metadata:',
    '  name: web',
    '  namespace: shop',
    ...lines.map((line) => `  ${line}`),
    'spec:',
    '  type: LoadBalancer',
    ...spec.map((line) => `  ${line}`),
    '',
  ].join('\n');

describe('Kubernetes manifests as a table', () => {
  it('are the Services of a stream: one plain, one that asks for a pool, one of a class', () => {
    const stream = `apiVersion: v1
kind: Service
metadata: { name: external-access }
spec: { type: LoadBalancer, selector: { app: my-app } }
---
apiVersion: v1
kind: Service
metadata:
  name: internal-lb
  annotations: { metallb.universe.tf/address-pool: production-public-ips }
spec: { type: LoadBalancer, selector: { app: my-app } }
---
apiVersion: v1
kind: Service
metadata: { name: my-service }
spec: { type: LoadBalancer, loadBalancerClass: metallb.universe.tf/metallb, selector: { app: my-app } }
`;
    const selector = { app: 'my-app' };
    assert.deepEqual(entries(stream), [
      { name: 'default/external-access', selector },
      { name: 'default/internal-lb', addressPool: 'production-public-ips', selector },
      { name: 'default/my-service', loadBalancerClass: 'metallb.universe.tf/metallb', selector },
    ]);
    assert.deepEqual(said(table(stream)), []);
  });

  it('mean by their fields and by annotations of either prefix what they mean to MetalLB', () => {
    const text = service(
      [
        'labels: { app: web }',
        'annotations:',
        '  metallb.io/loadBalancerIPs: 192.0.2.7, 2001:db8::7',
        '  metallb.universe.tf/allow-shared-ip: one-address',
        '  metallb.io/ip-allocated-from-pool: production',
        '  example.com/other: whatever',
      ],
      [
        'ipFamilyPolicy: RequireDualStack',
        'ipFamilies: [IPv4, IPv6]',
        'externalTrafficPolicy: Local',
        'ports: [{ name: http, port: 80, targetPort: 8080, nodePort: 30080 }, { port: 53, protocol: UDP }]',
      ],
    );
    assert.deepEqual(entries(text), [
      {
        name: 'shop/web',
        addresses: ['192.0.2.7', '2001:db8::7'],
        ipFamilyPolicy: 'RequireDualStack',
        ipFamilies: ['IPv4', 'IPv6'],
        allowSharedIP: 'one-address',
        ports: [
          { protocol: 'TCP', port: 80 },
          { protocol: 'UDP', port: 53 },
        ],
        labels: { app: 'web' },
        externalTrafficPolicy: 'Local',
      },
    ]);
  });

  it('take spec.loadBalancerIP as an address, but not beside the annotation', () => {
    const [asked] = services(service([], ['loadBalancerIP: 192.0.2.9']));
    assert.deepEqual(asked?.addresses.map(formatAddress), ['192.0.2.9']);
    const both = service(['annotations: { metallb.io/loadBalancerIPs: 192.0.2.9 }'], ['loadBalancerIP: 192.0.2.9']);
    assert.deepEqual(said(table(both)), [
      'm.yaml:6:46: documents[0].metadata.annotations.metallb.io/loadBalancerIPs: service can not have both metallb.io/loadBalancerIPs and spec.loadBalancerIP',
    ]);
    assert.equal(table(both).count, 0);
  });

  it('take the family that the cluster chose where they name none', () => {
    const [chosen] = services(service([], ['clusterIPs: ["2001:db8::1"]']));
    assert.deepEqual(chosen?.ipFamilies, ['ipv6']);
    assert.deepEqual(services(service([], ['clusterIP: None']))[0]?.ipFamilies, []);
  });

  it('skip and count what is no Service with a load balancer', () => {
    const { upserted, skipped } = table(
      `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n---\n${service([])}---\napiVersion: v1\nkind: Service\nmetadata: { name: inner }\nspec: { type: ClusterIP }\n---\n`,
    );
    assert.deepEqual(
      upserted.map(({ name }) => name),
      ['shop/web'],
    );
    assert.equal(skipped, 2);
  });

  it('may come as a list, as kubectl prints them', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: { name: a }\n  spec: { type: LoadBalancer, loadBalancerIP: 192.0.2 }\n- apiVersion: v1\n  kind: Pod\n`;
    const { skipped, rejected } = table(list);
    assert.equal(skipped, 1);
    assert.deepEqual(
      rejected.flatMap(({ problems }) => problems.map(formatProblem)),
      ['m.yaml:7:47: documents[0].items[0].spec.loadBalancerIP: "192.0.2" is not an IP address'],
    );
    assert.equal(table(list.replace('kind: List', 'kind: ServiceList').replace('  kind: Service\n', '')).skipped, 1);
  });

  it('say where a wrong port, a misspelt annotation and two addresses of a family stand', () => {
    const wrong = service(
      ['annotations:', '  metallb.io/adress-pool: a', '  metallb.io/loadBalancerIPs: 192.0.2.1,192.0.2.2'],
      ['ports: [{ port: 80 }, { port: 99999 }]'],
    );
    assert.deepEqual(said(table(wrong)), [
      'm.yaml:7:29: warning: documents[0].metadata.annotations.metallb.io/adress-pool: herald knows no annotation "metallb.io/adress-pool"; did you mean metallb.io/address-pool?',
      'm.yaml:8:33: documents[0].metadata.annotations.metallb.io/loadBalancerIPs: invalid metallb.io/loadBalancerIPs: "192.0.2.1,192.0.2.2" has more than one address of a family',
      'm.yaml:11:33: documents[0].spec.ports[1].port: must be a whole number from 1 to 65535',
    ]);
  });

  it('prefer the newer prefix where both are there', () => {
    const text = service(['annotations: { metallb.universe.tf/address-pool: old, metallb.io/address-pool: new }']);
    assert.equal(services(text)[0]?.addressPool, 'new');
    assert.equal(said(table(text)).length, 1);
  });

  it('are no place for a table of entries', () => {
    const change = new YamlTable('m.yaml', new Map()).update(`${service([])}---\nservices: []\n`);
    assert.equal(change.kind, 'unusable');
    assert.deepEqual(said(change), [
      'm.yaml:9:1: a stream of Kubernetes manifests holds only objects with apiVersion and kind',
    ]);
  });

  it('never make the reader throw, whatever stands where', () => {
    const anything = fc.oneof(fc.jsonValue(), fc.string(), fc.constant(null), fc.integer());
    const object = fc.record({
      apiVersion: fc.constantFrom<unknown>('v1', 1, null),
      kind: fc.constantFrom<unknown>('Service', 'List', 'ServiceList', 7, null),
      metadata: fc.oneof(anything, fc.record({ name: anything, namespace: anything, annotations: anything })),
      spec: fc.oneof(
        anything,
        fc.record({
          type: fc.constant('LoadBalancer'),
          ports: anything,
          loadBalancerIP: anything,
          ipFamilies: anything,
        }),
      ),
      items: anything,
    });
    fc.assert(
      fc.property(fc.array(object, { minLength: 1, maxLength: 3 }), (objects) => {
        const text = objects.map((value) => JSON.stringify(value)).join('\n---\n');
        const change = new YamlTable('m.yaml', new Map()).update(text);
        assert(change.kind === 'services' || change.problems.length > 0);
      }),
    );
  });
});
