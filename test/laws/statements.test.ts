import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** What implementers of BGP get wrong. A test that begins with `[35]` is about that one. */
const statements: Readonly<Record<number, string>> = {
  1: 'a marker that is not all ones is answered with 1/1 and no data',
  2: 'an impossible length is answered with 1/2 and the length as data',
  3: 'an unknown type is answered with 1/3 and the type as data',
  4: 'a NOTIFICATION is never answered with a NOTIFICATION',
  5: 'another version is answered with 2/1 and ours as two octets in network order',
  6: 'a hold time of one or two seconds is refused, zero turns the timers off, the smaller of both holds',
  7: 'the AS number in the capability comes first, AS_TRANS stands in the field, AS 0 is refused',
  8: 'any identifier but zero is good, an equal one is a fault within one AS only',
  9: 'an OPEN needs no optional parameters',
  10: 'capabilities come in any number of parameters, repeated, and unknown ones are ignored',
  11: 'an OPEN is refused with 2/7 only for what we require, with that as data',
  12: 'an unknown parameter is 2/4, a capability of wrong length 2/0',
  13: 'extended optional parameters are read wherever they are used',
  14: 'each direction of extended messages stands for itself, OPEN and KEEPALIVE excepted',
  15: 'roles that are no pair are refused with 2/11, none at all is accepted',
  16: 'host name and software version are read in every form seen, and checked',
  17: 'a collision is decided by identifiers as unsigned numbers, then by AS numbers, and is nobody’s failure',
  18: 'an incoming connection waits beside an outgoing one until OPENs decide',
  19: 'a second connection is the restart of a peer with graceful restart, and refused without',
  20: 'a call of the peer does not end our own graceful restart',
  21: 'an OPEN is waited for four minutes, KEEPALIVEs begin with OpenConfirm',
  22: 'the hold timer restarts on what arrives, the keepalive timer on what leaves, with jitter',
  23: 'a message in the wrong state is answered with 5 and the subcode of the state',
  24: 'messages may share a segment, and a segment may end anywhere',
  25: 'the last NOTIFICATION reaches the peer before the connection goes',
  26: 'whatever the peer does, attempts are far apart',
  27: 'a peer that takes nothing we write is left, though it goes on talking',
  28: 'no timer follows the clock on the wall',
  29: 'each reason to end a session has its own subcode',
  30: 'the words of the other operator are read within their bounds and made fit to print',
  31: 'GTSM sends with 255 and drops what came too far, on accepted connections too',
  32: 'TCP MD5 keys are there before the first packet, on the listening socket too',
  33: 'a link-local peer is reached through its interface',
  34: 'an external peer is one hop away unless more is configured',
  35: 'UPDATEs are grouped by attributes and filled to the limit of the peer',
  36: 'a withdrawal carries no attributes, and for IPv6 MP_UNREACH_NLRI alone',
  37: 'one UPDATE never announces and withdraws the same prefix',
  38: 'MP_REACH_NLRI comes first, the rest in ascending order; any order is read',
  39: 'NEXT_HOP is left out where MP_REACH_NLRI carries the routes, and ignored there',
  40: 'two octets of length are written when needed and read always',
  41: 'a segment of AS_PATH holds 255 numbers, the next opens another',
  42: 'LOCAL_PREF is for our own AS only, where AS_PATH is empty; MED is optional',
  43: 'ORIGIN and AS_PATH are always there',
  44: 'a two-octet peer is sent AS_TRANS and AS4_PATH, others never',
  45: 'AS4_PATH of a two-octet peer is put in place of AS_TRANS by the rules',
  46: 'a next hop of IPv6 is global, the link-local one beside it real, never zeros, never mapped',
  47: 'IPv4 routes with an IPv6 next hop go only to a peer that asked for them',
  48: 'path identifiers are there when negotiated, and never guessed',
  49: 'End-of-RIB is said once for each negotiated family, of an empty table too',
  50: 'the capability of graceful restart has its bits, and R only until the first session',
  51: 'End-of-RIB waits for the table, and for nothing else',
  52: 'the F bit says what the host knows of its forwarding',
  53: 'a stop for a restart keeps the routes, a stop for good is a Hard Reset',
  54: 'a refresh repeats a family, between BoRR and EoRR where negotiated, after the first End-of-RIB',
  55: 'a refresh of a family that was not negotiated is ignored',
  56: 'lengths that overrun the message end the session, those of an attribute withdraw its routes',
  57: 'a fault in an UPDATE without routes is never worth a withdrawal',
  58: 'each attribute has its own severity, and the worst of several holds',
  59: 'wrong Optional and Transitive bits withdraw, the rest of the flags is not looked at',
  60: 'of a repeated attribute the first holds, but MP_REACH_NLRI ends the session',
  61: 'a missing mandatory attribute withdraws, an unknown well-known one ends the session',
  62: 'a wrong next hop length or prefix in MP_REACH_NLRI ends the session',
  63: 'empty communities, empty segments and AS 0 are malformed',
  64: 'unknown transitive attributes are kept, others dropped',
  65: 'families that were not negotiated are ignored',
  66: 'BFD starts slowly and keeps to the intervals of both sides, with jitter',
  67: 'BFD detects by the multiplier of the peer, and changes intervals by a poll',
  68: 'BFD drops every packet that its rules do not allow',
  69: 'BFD that is administratively down leaves BGP alone, a lost one ends it with 6/10',
  70: 'operators learn that an external router may accept nothing without a policy',
  71: 'nothing that was received is passed on',
};

/** What the program does not do yet. With the feature come its tests, and the row goes. */
const waiting: Readonly<Record<number, string>> = {
  66: 'there is no BFD yet',
  67: 'there is no BFD yet',
  68: 'there is no BFD yet',
  69: 'there is no BFD yet',
};

/** What is tested as far as it goes today. */
const inPart: Readonly<Record<number, string>> = {
  15: 'roles are read and compared, and none is configured or sent yet',
  33: 'link-local peers are configured by address and interface; a peer that is found by its interface alone is not there yet',
  47: 'the next hop of the other family is read and never offered, so that nobody sends it',
  48: 'additional paths are read as a capability and never offered, so that no path identifier comes or goes',
};

const title = /['"`]((?:\[\d+\] )+)(?=[A-Za-z$“"'])/g;

function taggedTitles(): Map<number, number> {
  const found = new Map<number, number>();
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.test.ts'))) {
    for (const [, tags = ''] of readFileSync(join(root, 'test', file), 'utf8').matchAll(title))
      for (const [, number] of tags.matchAll(/\[(\d+)\]/g))
        found.set(Number(number), (found.get(Number(number)) ?? 0) + 1);
  }
  return found;
}

describe('The statements about BGP', () => {
  const tagged = taggedTitles();

  it('[70] tell operators of the missing policy, which cannot be seen on the wire', () => {
    const runbook = readFileSync(join(root, 'docs/runbook.md'), 'utf8');
    assert.match(runbook, /RFC 8212/);
    assert.match(runbook, /no bgp ebgp-requires-policy/);
  });

  it('have each at least one test of that name, but for what is not built yet', () => {
    const untested = Object.keys(statements)
      .map(Number)
      .filter((number) => !tagged.has(number) && waiting[number] === undefined)
      .map((number) => `[${number}] ${statements[number]}`);
    assert.deepEqual(untested, []);
  });

  it('wait no longer once they are tested', () => {
    assert.deepEqual(
      Object.keys(waiting).filter((number) => tagged.has(Number(number))),
      [],
    );
  });

  it('are the only ones that tests are named after', () => {
    assert.deepEqual(
      [...tagged.keys()].filter((number) => statements[number] === undefined),
      [],
    );
    for (const number of Object.keys(inPart)) assert.ok(tagged.has(Number(number)), `[${number}]`);
  });
});
