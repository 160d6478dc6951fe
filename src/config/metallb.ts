// MetalLB's own objects as the herald.yaml that they amount to. Names are the same in both, so a field that herald has is
// taken as it stands; this file is about the others, and every one of them is named in a comment of the result.

import { isMap, isSeq, Document as YamlDocument } from 'yaml';
import { parseCommunity } from '../net/community.js';
import { sanitised } from '../net/text.js';
import { isRecord, type Raw } from './reader.js';
import { type SectionKey, sections } from './schema.js';

/** One object of a stream of manifests. */
export interface MetallbObject {
  readonly kind: string;
  readonly value: Raw;
}

export interface Conversion {
  /** YAML with comments. */
  readonly text: string;
  /** Objects that are in it. */
  readonly converted: number;
  /** Fields and objects that herald has nothing for, one sentence each, as in the comments. */
  readonly notes: readonly string[];
}

interface Item {
  readonly section: SectionKey;
  readonly value: Record<string, unknown>;
  /** `BGPPeer metallb-system/tor-1`. */
  readonly from: string;
  readonly notes: string[];
}

type Draft = Pick<Item, 'value' | 'notes'>;
/** What becomes of a field that is not simply taken. */
type Rule = (value: unknown, to: Draft, spec: Raw) => void;

interface Kind {
  readonly section: SectionKey;
  readonly versions: readonly string[];
  readonly rules?: Readonly<Record<string, Rule>>;
  /** Where one object becomes several items, or items of several sections. */
  readonly spread?: (item: Item, spec: Raw) => readonly Item[];
}

const group = 'metallb.io/';

const leftOut =
  (why: string): Rule =>
  (_, { notes }) =>
    void notes.push(why);

const inMilliseconds =
  (key: string): Rule =>
  (value, to) => {
    to.value[key] = typeof value === 'number' ? `${value}ms` : value;
  };

const kinds: Readonly<Record<string, Kind>> = {
  IPAddressPool: { section: 'addressPools', versions: ['v1beta1'] },
  AddressPool: {
    section: 'addressPools',
    versions: ['v1alpha1', 'v1beta1'],
    rules: { protocol: () => {}, bgpAdvertisements: () => {} },
    spread: legacyPool,
  },
  BGPPeer: {
    section: 'bgpPeers',
    versions: ['v1beta1', 'v1beta2'],
    rules: {
      passwordSecret: (secret, { notes }) => {
        const name = isRecord(secret) && typeof secret['name'] === 'string' ? sanitised(secret['name'], 253) : '';
        notes.push(`spec.passwordSecret: herald reads no Secrets; put the password of ${name || 'it'} into a file:`);
        notes.push(`passwordFile: /etc/herald/${name || 'bgp'}.password`);
      },
      keepaliveTime: (value, { value: peer, notes }, { holdTime }) => {
        if (isZero(value) && !isZero(holdTime))
          notes.push('spec.keepaliveTime: 0s goes only with a holdTime of 0s; a third of the hold time is taken');
        else peer['keepaliveTime'] = value;
      },
      disableMP: leftOut('spec.disableMP: of no effect; families decides what is announced'),
      bfdProfile: (value, to) => {
        if (value !== '') to.value['bfdProfile'] = value;
      },
    },
  },
  BGPAdvertisement: {
    section: 'bgpAdvertisements',
    versions: ['v1beta1'],
    rules: {
      localPref: (value, to) => {
        if (value === 0) to.notes.push('spec.localPref: 0 means unset to MetalLB');
        else to.value['localPref'] = value;
      },
    },
  },
  L2Advertisement: {
    section: 'l2Advertisements',
    versions: ['v1beta1'],
    rules: {
      preferredNodeSelectors: leftOut(
        'spec.preferredNodeSelectors: no equivalent; herald elects without preferences among the nodes that may answer',
      ),
    },
  },
  BFDProfile: {
    section: 'bfdProfiles',
    versions: ['v1beta1'],
    rules: {
      receiveInterval: inMilliseconds('receiveInterval'),
      transmitInterval: inMilliseconds('transmitInterval'),
      echoInterval: inMilliseconds('echoInterval'),
    },
  },
  Community: {
    section: 'communities',
    versions: ['v1beta1'],
    rules: { communities: () => {} },
    spread: (item, { communities }) =>
      listOf(communities).map((value) => ({ ...item, value: { ...(isRecord(value) ? value : {}) } })),
  },
};

const isZero = (duration: unknown): boolean => /^(0+(h|m|s|ms))+$/.test(String(duration));

/** The kind that was before 0.13: a pool with its advertisements inside. */
function legacyPool(pool: Item, { protocol, bgpAdvertisements }: Raw): readonly Item[] {
  const { name } = pool.value;
  const scope = { ipAddressPools: [name] };
  const { from } = pool;
  if (protocol === 'layer2') return [pool, { section: 'l2Advertisements', value: { name, ...scope }, from, notes: [] }];
  const advertisements = listOf(bgpAdvertisements);
  const several = advertisements.length === 0 ? [{}] : advertisements;
  return [
    pool,
    ...several.map((advertisement, index): Item => {
      const draft = fieldsOf(isRecord(advertisement) ? advertisement : {}, 'bgpAdvertisements', {});
      const own = { name: several.length === 1 ? name : `${String(name)}-${index + 1}`, ...scope };
      return { section: 'bgpAdvertisements', value: { ...own, ...draft.value }, from, notes: draft.notes };
    }),
  ];
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const isMetallb = ({ kind, value }: MetallbObject): boolean =>
  Object.hasOwn(kinds, kind) && String(value['apiVersion']).startsWith(group);

export function convertMetallb(objects: readonly MetallbObject[]): Conversion {
  const items: Item[] = [];
  let converted = 0;
  for (const object of objects) {
    if (!isMetallb(object)) continue;
    converted++;
    items.push(...convert(object, kinds[object.kind]!));
  }
  withoutShadows(items);
  const others = objects.filter((object) => !isMetallb(object));
  const about = [...new Set(others.map(leftOver))];
  const text = write(items, about);
  return {
    text,
    converted,
    notes: [...about, ...items.flatMap(({ from, notes }) => notes.map((n) => `${from}: ${n}`))],
  };
}

/** An alias may not have the name of a well-known community here: where one is used, its value is written instead. */
function withoutShadows(items: Item[]): void {
  const isShadow = ({ section, value: { name } }: Item): boolean =>
    section === 'communities' && typeof parseCommunity(String(name)) !== 'string';
  const values = new Map(items.filter(isShadow).map(({ value: { name, value } }) => [name, value]));
  if (values.size === 0) return;
  for (const { section, value, notes } of items) {
    const { communities } = value;
    if (section !== 'bgpAdvertisements' || !Array.isArray(communities)) continue;
    const used = communities.filter((name) => values.has(name));
    if (used.length === 0) continue;
    value['communities'] = communities.map((name: unknown) => values.get(name) ?? name);
    notes.push(`spec.communities: written out, being the name of a well-known community: ${used.join(', ')}`);
  }
  items.splice(0, items.length, ...items.filter((item) => !isShadow(item)));
}

function convert({ kind, value }: MetallbObject, { section, versions, rules = {}, spread }: Kind): readonly Item[] {
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {};
  const spec = isRecord(value['spec']) ? value['spec'] : {};
  const { name, namespace, labels } = metadata;
  const from = sanitised([kind, [namespace, name].filter((part) => part !== undefined).join('/')].join(' '), 600);
  const { value: fields, notes } = fieldsOf(spec, section, rules);
  const version = String(value['apiVersion']).slice(group.length);
  if (!versions.includes(version)) notes.push(`apiVersion: ${sanitised(version, 40)} is read like ${versions.at(-1)}`);
  const isLabelled = section === 'addressPools' && isRecord(labels) && Object.keys(labels).length > 0;
  const item: Item = { section, value: { name, ...(isLabelled ? { labels } : {}), ...fields }, from, notes };
  return spread === undefined ? [item] : spread(item, spec);
}

function fieldsOf(spec: Raw, section: SectionKey, rules: Readonly<Record<string, Rule>>): Draft {
  const known = sections[section].schema().shape;
  const draft: Draft = { value: {}, notes: [] };
  for (const [key, value] of Object.entries(spec)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule !== undefined) rule(value, draft, spec);
    else if (Object.hasOwn(known, key)) draft.value[key] = value;
    else draft.notes.push(`spec.${sanitised(key, 60)}: no equivalent; left out`);
  }
  return draft;
}

function leftOver({ kind, value }: MetallbObject): string {
  const what = sanitised(kind, 60);
  if (kind === 'Service') return 'Service objects are no configuration but a table: name their file under sources';
  const isTheirs = String(value['apiVersion']).includes(group);
  return `${what} objects are ${isTheirs ? 'not known to herald' : "none of MetalLB's"}; left out`;
}

function write(items: readonly Item[], about: readonly string[]): string {
  const root: Record<string, unknown> = {};
  const order = Object.keys(sections).filter(isSection);
  const of = (section: SectionKey): readonly Item[] => items.filter((item) => item.section === section);
  for (const section of order) if (of(section).length > 0) root[section] = of(section).map(({ value }) => value);
  // Without the key herald announces everything to every peer; MetalLB announces nothing.
  const saysNothing = items.length > 0 && of('bgpAdvertisements').length === 0;
  if (saysNothing) root['bgpAdvertisements'] = [];
  const document = new YamlDocument(root, { aliasDuplicateObjects: false });
  document.commentBefore = comment(['The configuration that these MetalLB objects amount to.', ...about]);
  for (const section of order) {
    const list = document.get(section, true);
    if (!isSeq(list)) continue;
    for (const [index, item] of of(section).entries()) {
      const node = list.items[index];
      if (isMap(node)) node.commentBefore = comment([item.from, ...item.notes]);
    }
  }
  const text = document.toString({ lineWidth: 0 });
  return saysNothing
    ? text.replace(/^bgpAdvertisements: \[\]$/m, '# No BGPAdvertisement: nothing is announced over BGP.\n$&')
    : text;
}

const isSection = (key: string): key is SectionKey => Object.hasOwn(sections, key);
const comment = (lines: readonly string[]): string => lines.map((line) => ` ${line}`).join('\n');
