// The part of the chain that is about announcing: which advertisements speak of something, whether this node may, who is
// elected, whom it is told to and where, and what stands on the wire in the end.

import type { AnnouncementBody, ExplainStep } from '../api/house.js';
import type { PeerStatus } from '../bgp/protocol.js';
import type { Config, RouteAttributes } from '../config/config.js';
import type { Election } from '../plan/layer2.js';
import type { Silence, Voice } from '../plan/voices.js';
import type { Service } from '../table/service.js';
import { attributesText, wordsOf } from './words.js';

/** FILE:LINE:COLUMN of what is written; '' where that is not known, or nothing is. */
export interface Places {
  /** Keys of the configuration, and into a list the name of an item. */
  config(...steps: readonly (string | number)[]): string;
  entry(source: string, name: string): string;
}

export interface Facts {
  readonly config: Config;
  readonly places: Places;
  readonly peers: readonly PeerStatus[];
  /** What keeps the LAN from being served. */
  readonly lanProblems: readonly string[];
}

/** Something that may be announced: a service, or a row of a bulk. */
export interface Subject {
  readonly service: Pick<Service, 'enabled' | 'nodes'> | undefined;
  /** Where its entry stands. */
  readonly entryAt: string;
  /** By pool of its addresses; a list for each of them. */
  readonly bgpVoices: readonly (readonly Voice[])[];
  readonly lanVoices: readonly (readonly Voice[])[];
  readonly election: Election | undefined;
  readonly announcements: readonly AnnouncementBody[];
  attributesOf(prefix: string, peer: string): RouteAttributes | undefined;
}

type Step = ExplainStep['step'];

/** Of a list of anything, so many are told one by one. */
const mostTold = 50;

export class Chain {
  readonly steps: ExplainStep[] = [];

  /** `isIn`: what stands in the source, up to its name. */
  begin(source: string, isIn: string, isStale: boolean, where: string): void {
    const text = `${isIn} the source ${source}`;
    if (isStale)
      this.note('source', source, `${text}, which cannot be used as it is now: what it said before counts`, where);
    else this.yes('source', source, text, where);
  }

  yes(step: Step, subject: string, text: string, where = ''): void {
    this.steps.push({ step, subject, verdict: 'yes', text, where });
  }

  no(step: Step, subject: string, text: string, where = ''): void {
    this.steps.push({ step, subject, verdict: 'no', text, where });
  }

  note(step: Step, subject: string, text: string, where = ''): void {
    this.steps.push({ step, subject, verdict: 'note', text, where });
  }
}

/** In order of the chain. */
export function announce(chain: Chain, subject: Subject, facts: Facts): void {
  advertise(chain, subject, facts);
  judgeNode(chain, subject, facts);
  elect(chain, subject, facts);
  tellPeers(chain, subject, facts);
  serveInterfaces(chain, subject, facts);
  wire(chain, subject);
}

const sections = {
  bgp: { key: 'bgpAdvertisements', how: 'over BGP' },
  layer2: { key: 'l2Advertisements', how: 'on the LAN' },
} as const;

function advertise(chain: Chain, subject: Subject, facts: Facts): void {
  const { config } = facts;
  if (config.bgpPeers.length + config.l2Advertisements.length === 0)
    chain.no('peer', '', 'this node has no bgpPeers, and there are no l2Advertisements: there is nobody to tell');
  if (config.bgpPeers.length > 0) speak(chain, 'bgp', subject.bgpVoices, facts);
  if (config.l2Advertisements.length > 0) speak(chain, 'layer2', subject.lanVoices, facts);
  for (const [reason, told] of byReason(subject.announcements, 'advertisement')) {
    // Where no advertisement speaks of it at all, each has said why.
    const vias = [...new Set(told.map(({ via }) => via).filter((via) => via !== ''))];
    const isSaid = reason === 'noMatchingAdvertisement' && !isSpokenOf(subject, told[0]!.protocol);
    if (!isSaid) chain.no('advertisement', vias.join(', '), toVias(textOf(reason), told[0]!, vias));
  }
}

const isSpokenOf = ({ bgpVoices, lanVoices }: Subject, protocol: AnnouncementBody['protocol']): boolean =>
  (protocol === 'bgp' ? bgpVoices : lanVoices).some((voices) => voices.some(({ silence }) => silence === undefined));

const toVias = (text: string, { protocol }: AnnouncementBody, vias: readonly string[]): string =>
  vias.length === 0 ? text : `${text} ${protocol === 'bgp' ? 'to' : 'on'} ${listed(vias)}`;

function speak(chain: Chain, protocol: 'bgp' | 'layer2', lists: readonly (readonly Voice[])[], facts: Facts): void {
  const { key, how } = sections[protocol];
  const told = new Set<string>();
  for (const voices of lists) {
    const speaking = voices.filter(({ silence }) => silence === undefined);
    if (voices.length === 0)
      chain.no('advertisement', '', `${key} has no items: nothing is announced ${how}`, facts.places.config(key));
    for (const voice of (speaking.length > 0 ? speaking : voices).slice(0, mostTold)) {
      const text = `${voice.name} ${voiceText(voice, how, facts.config)}`;
      if (told.has(text)) continue;
      told.add(text);
      const where = placeOfVoice(voice, key, facts.places);
      if (voice.silence === undefined) chain.yes('advertisement', voice.name, text, where);
      else chain.no('advertisement', voice.name, text, where);
    }
  }
}

function voiceText({ silence, pools = [], peers }: Voice, how: string, { node }: Config): string {
  switch (silence) {
    case undefined:
      return `speaks of it ${how}${peers.length === 0 ? '' : `, to ${listed(peers)}`}`;
    case 'otherPools':
      return `is for addresses of the ${pools.length === 1 ? 'pool' : 'pools'} ${listed(pools)}`;
    case 'otherServices':
      return 'is for services with other labels (serviceSelectors)';
    case 'otherNodes':
      return `is for other nodes than ${node.name} (nodeSelectors)`;
  }
}

const deciding: Readonly<Record<Silence, readonly string[]>> = {
  otherPools: ['ipAddressPools', 'ipAddressPoolSelectors'],
  otherServices: ['serviceSelectors'],
  otherNodes: ['nodeSelectors'],
};

function placeOfVoice({ name, silence }: Voice, key: string, { config }: Places): string {
  const keys = silence === undefined ? [] : deciding[silence];
  const places = keys.map((one) => config(key, name, one)).filter((place) => place !== '');
  return places[0] ?? config(key, name);
}

function judgeNode(chain: Chain, { service, entryAt, announcements, ...voices }: Subject, facts: Facts): void {
  const { name } = facts.config.node;
  const reasons = byReason(announcements, 'node');
  for (const reason of reasons.keys()) {
    const isNamed =
      reason === 'notThisNode' && service !== undefined && service.nodes.length > 0 && !service.nodes.includes(name);
    if (isNamed) chain.no('node', name, `its entry is for ${listed(service.nodes)} and not for ${name}`, entryAt);
    else if (reason === 'notThisNode') {
      const elsewhere = [...voices.bgpVoices, ...voices.lanVoices]
        .flat()
        .find(({ silence }) => silence === 'otherNodes');
      chain.no(
        'node',
        name,
        `what speaks of it is for other nodes than ${name}`,
        elsewhere === undefined ? '' : placeOfNode(elsewhere, facts),
      );
    } else chain.no('node', name, textOf(reason), ofEntry.includes(reason) ? entryAt : '');
  }
  if (reasons.size === 0 && announcements.length > 0) {
    const isNamed = service?.nodes.includes(name) === true;
    chain.yes('node', name, isNamed ? `its entry names ${name}` : `${name} may announce it`, isNamed ? entryAt : '');
  }
}

/** Reasons that an entry gives. */
const ofEntry: readonly string[] = ['disabled', 'noEndpoints', 'noLocalEndpoints'];

const placeOfNode = ({ name }: Voice, { places }: Facts): string =>
  places.config('bgpAdvertisements', name, 'nodeSelectors') || places.config('l2Advertisements', name, 'nodeSelectors');

function elect(chain: Chain, { election, announcements }: Subject, { config, places }: Facts): void {
  if (election === undefined || !announcements.some(({ protocol }) => protocol === 'layer2')) return;
  const { candidates, winner } = election;
  const own = config.node.name;
  const where = places.config('election', 'members');
  if (winner === undefined) chain.no('election', '', 'on the LAN nobody stands for election', where);
  else if (winner === own) chain.yes('election', own, `on the LAN ${own} is elected, of ${listed(candidates)}`, where);
  else {
    const why = candidates.includes(own) ? '' : `; ${own} does not stand`;
    chain.no('election', winner, `on the LAN ${winner} announces it: elected of ${listed(candidates)}${why}`, where);
  }
}

function tellPeers(chain: Chain, { announcements }: Subject, { peers, places }: Facts): void {
  const told = new Set<string>();
  for (const { protocol, via, state, reason } of announcements) {
    const isTold = protocol === 'bgp' && (state !== 'withheld' || wordsOf(reason)?.step === 'peer');
    if (!isTold || told.has(`${via} ${reason}`) || told.size >= mostTold) continue;
    told.add(`${via} ${reason}`);
    const status = peers.find(({ name }) => name === via);
    const where = places.config('bgpPeers', via);
    const session = `the session with ${via}`;
    if (state === 'announced') chain.yes('peer', via, `${session} is Established`, where);
    else if (reason !== '') {
      const carries = status === undefined ? '' : `: it carries ${listed(status.families.map(familyText))} only`;
      const families = places.config('bgpPeers', via, 'families');
      chain.no('peer', via, `${session} does not carry its family${carries}`, families || where);
    } else if (status?.adminState === 'shutdown')
      chain.no('peer', via, `${session} is shut down`, places.config('bgpPeers', via, 'shutdown') || where);
    else if (status?.adminState === 'disabled')
      chain.no('peer', via, `${session} is disabled: \`herald peers enable ${via}\` takes it up again`, where);
    else chain.no('peer', via, `${session} is ${status?.state ?? 'not there yet'}${lastError(status)}`, where);
  }
}

const familyText = (family: string): string => (family === 'ipv4' ? 'IPv4' : 'IPv6');

function lastError(status: PeerStatus | undefined): string {
  const error = status?.lastError;
  return error === null || error === undefined || error.text === '' ? '' : `: ${error.text}`;
}

function serveInterfaces(chain: Chain, { announcements, lanVoices }: Subject, { places, lanProblems }: Facts): void {
  const voice = lanVoices.flat().find(({ silence }) => silence === undefined);
  const advertisement = voice?.name ?? '';
  const where = places.config('l2Advertisements', advertisement);
  const told = new Set<string>();
  for (const { protocol, via, state, reason } of announcements) {
    const isServed = protocol === 'layer2' && (state !== 'withheld' || wordsOf(reason)?.step === 'interface');
    if (!isServed || told.has(`${via} ${reason}`) || told.size >= mostTold) continue;
    told.add(`${via} ${reason}`);
    const on = via === '' ? '' : `${via}: `;
    if (reason === 'noInterface') {
      const [problem = textOf(reason)] = lanProblems;
      chain.no(
        'interface',
        via,
        `${on}${problem}`,
        places.config('l2Advertisements', advertisement, 'interfaces') || where,
      );
    } else if (state === 'announced' && reason !== '') chain.note('interface', via, `${on}${textOf(reason)}`, where);
    else if (state === 'announced') chain.yes('interface', via, `${via} serves it`, where);
    else chain.no('interface', via, `${on}${reason === '' ? 'it is not told yet' : textOf(reason)}`, where);
  }
}

function wire(chain: Chain, { announcements, attributesOf }: Subject): void {
  const groups = new Map<
    string,
    { prefix: string; protocol: AnnouncementBody['protocol']; vias: string[]; said: string }
  >();
  for (const { prefix, protocol, via, state } of announcements) {
    if (state !== 'announced') continue;
    const attributes = protocol === 'bgp' ? attributesOf(prefix, via) : undefined;
    const said = attributes === undefined ? '' : attributesText(attributes);
    const key = `${prefix} ${protocol} ${said}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { prefix, protocol, vias: [via], said });
    else group.vias.push(via);
  }
  for (const { prefix, protocol, vias, said } of groups.values()) {
    const with_ = said === '' ? '' : `, with ${said}`;
    chain.yes('wire', prefix, `${prefix} is announced ${protocol === 'bgp' ? 'to' : 'on'} ${listed(vias)}${with_}`);
  }
  const told = new Set(Array.from(groups.values(), ({ prefix }) => prefix));
  for (const prefix of new Set(announcements.map((one) => one.prefix)))
    if (!told.has(prefix)) chain.no('wire', prefix, `${prefix} is announced to nobody`);
}

/** Those that are withheld for a reason of this step of the chain. */
function byReason(announcements: readonly AnnouncementBody[], step: Step): Map<string, AnnouncementBody[]> {
  const found = new Map<string, AnnouncementBody[]>();
  for (const announcement of announcements) {
    const { reason } = announcement;
    if (wordsOf(reason)?.step !== step) continue;
    const known = found.get(reason);
    if (known === undefined) found.set(reason, [announcement]);
    else known.push(announcement);
  }
  return found;
}

const textOf = (reason: string): string => wordsOf(reason)?.text ?? reason;

/** `a, b and c`, of many the first. */
export function listed(names: readonly string[]): string {
  const unique = [...new Set(names)];
  if (unique.length > mostTold) return `${unique.slice(0, mostTold).join(', ')} and ${unique.length - mostTold} more`;
  const last = unique.at(-1) ?? '';
  return unique.length < 2 ? last : `${unique.slice(0, -1).join(', ')} and ${last}`;
}
