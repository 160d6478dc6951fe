// The responder's end of the door: keeps its rules, and remembers what it was told.

import assert from 'node:assert/strict';
import {
  type AddressColumns,
  type Conflict,
  type LinkCounters,
  nothingCounted,
  type Responder,
  type ResponderLink,
} from '../../src/l2/responder.js';
import { type Family, formatAddress, parseAddress } from '../../src/net/address.js';

function texts({ ipv4, ipv6 }: AddressColumns): string[] {
  const list: string[] = [];
  for (const word of ipv4) list.push(formatAddress({ family: 'ipv4', words: [word] }));
  for (let at = 0; at < ipv6.length; at += 4)
    list.push(formatAddress({ family: 'ipv6', words: [...ipv6.subarray(at, at + 4)] }));
  return list.sort();
}

interface Served extends ResponderLink {
  readonly framesPerSecond: number;
  answers: readonly string[];
}

export class FakeResponder implements Responder {
  readonly #open = new Map<number, Served>();
  #hear: (conflict: Conflict) => void = () => {};
  /** `LINK announces ADDRESSES xROUNDS`, `LINK probes ADDRESSES`, since it was taken last. */
  #said: string[] = [];
  /** What open() is to throw. */
  refusal: Error | undefined;

  open(link: ResponderLink, framesPerSecond: number): void {
    if (this.refusal !== undefined) throw this.refusal;
    this.#open.set(link.index, { ...link, framesPerSecond, answers: this.#open.get(link.index)?.answers ?? [] });
  }

  close(index: number): void {
    this.#open.delete(index);
  }

  answerFor(index: number, addresses: AddressColumns): void {
    this.#at(index).answers = texts(addresses);
  }

  announce(index: number, addresses: AddressColumns, rounds: number): void {
    const link = this.#at(index);
    for (const text of texts(addresses)) assert.ok(link.answers.includes(text), `${text} is announced and not ours`);
    this.#said.push(`${link.name} announces ${texts(addresses).join(' ')} x${rounds}`);
  }

  probe(index: number, addresses: AddressColumns): void {
    const link = this.#at(index);
    for (const text of texts(addresses)) assert.ok(!link.answers.includes(text), `${text} is ours, and asked about`);
    this.#said.push(`${link.name} probes ${texts(addresses).join(' ')}`);
  }

  counters(index: number): LinkCounters | undefined {
    if (!this.#open.has(index)) return undefined;
    return { ipv4: nothingCounted, ipv6: nothingCounted, pendingAnnouncements: 0, groups: 0, problem: '' };
  }

  onConflict(hear: (conflict: Conflict) => void): void {
    this.#hear = hear;
  }

  stop(): void {
    this.#open.clear();
  }

  #at(index: number): Served {
    const link = this.#open.get(index);
    assert.ok(link, `the interface ${index} is not open`);
    return link;
  }

  /** Interfaces that are open, with what is answered for: `eth0: 10.0.0.100`. */
  get answering(): string[] {
    return Array.from(this.#open.values(), ({ name, answers }) => `${name}: ${answers.join(' ')}`).sort();
  }

  macOf(index: number): readonly number[] {
    return [...this.#at(index).mac];
  }

  paceOf(index: number): number {
    return this.#at(index).framesPerSecond;
  }

  /** What was sent unasked since the last call. */
  take(): string[] {
    const said = this.#said;
    this.#said = [];
    return said;
  }

  /** Another host claims the address. */
  claimed(index: number, text: string, mac: readonly number[] = [2, 9, 9, 9, 9, 9]): void {
    const { family, words }: { family: Family; words: readonly number[] } = parseAddress(text)!;
    this.#hear({ link: index, family, words, mac: Uint8Array.from(mac) });
  }
}
