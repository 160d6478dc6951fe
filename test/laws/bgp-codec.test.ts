import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeAttributes, type PathAttribute } from '../../src/bgp/attribute.js';
import { decodeCapabilities, describeCapability, encodeCapabilities } from '../../src/bgp/capability.js';
import { communityAttributes } from '../../src/bgp/community-attributes.js';
import { BgpError, malformedOpen } from '../../src/bgp/errors.js';
import { Framer, type RawMessage } from '../../src/bgp/framer.js';
import { decodeMessage, encodeMessage, type Message } from '../../src/bgp/message.js';
import { decodePrefixes, encodePrefixes } from '../../src/bgp/nlri.js';
import { describeNotification } from '../../src/bgp/notification.js';
import { decodeUpdate, encodeUpdate, scanUpdate } from '../../src/bgp/update.js';
import { Reader, Writer } from '../../src/net/bytes.js';
import { formatCommunity, parseCommunity } from '../../src/net/community.js';
import * as any from './bgp-arbitraries.js';

const contexts = [
  { fourOctetAs: true, internal: true, families: any.families },
  { fourOctetAs: false, internal: true, families: any.families },
] as const;

/** All that a Framer makes of the pieces, with the fault that ended it. */
function framed(pieces: readonly Uint8Array[], maxOctets = 65535): { messages: RawMessage[]; fault: unknown } {
  const framer = new Framer();
  framer.maxOctets = maxOctets;
  const messages: RawMessage[] = [];
  try {
    for (const piece of pieces) {
      framer.push(piece);
      for (let next = framer.next(); next !== undefined; next = framer.next()) messages.push(next);
    }
  } catch (fault) {
    return { messages, fault };
  }
  return { messages, fault: undefined };
}

const bodyOf = (message: Uint8Array): Uint8Array => message.subarray(19);

function onlyBgpErrors(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof BgpError)) throw error;
  }
}

describe('BGP codec laws', () => {
  for (const [kind, arbitrary] of Object.entries(any.capabilities)) {
    it(`a ${kind} capability survives the wire`, () => {
      fc.assert(
        fc.property(arbitrary, (capability) => {
          const from = new Reader(encodeCapabilities([capability]), () => malformedOpen('short'));
          assert.deepEqual(decodeCapabilities(from), [capability]);
        }),
      );
    });
  }

  for (const [kind, arbitrary] of Object.entries(any.attributes)) {
    for (const context of contexts) {
      it(`${kind} survives the wire to a peer of ${context.fourOctetAs ? 'four' : 'two'}-octet AS numbers`, () => {
        fc.assert(
          fc.property(arbitrary, (attribute: PathAttribute) => {
            // Beside MP_REACH_NLRI of an ignored family nothing is missing, and no fault is without NLRI.
            const to = new Writer();
            encodeUpdate({ kind: 'update', withdrawn: [], attributes: [attribute], announced: [] }, to, context);
            const { update, faults } = decodeUpdate(to.finish(), context);
            if (attribute.kind === 'mpReach') {
              assert.deepEqual(
                faults.map(({ message }) => message),
                ['origin is missing', 'asPath is missing'],
              );
            } else assert.deepEqual({ faults, attributes: update.attributes }, { faults: [], attributes: [attribute] });
          }),
        );
      });
    }
  }

  for (const [kind, arbitrary] of Object.entries(any.messages)) {
    for (const context of contexts) {
      it(`a message of kind ${kind} survives the wire (${context.fourOctetAs ? 'four' : 'two'}-octet AS)`, () => {
        fc.assert(
          fc.property(arbitrary, (message: Message) => {
            fc.pre(message.kind !== 'routeRefresh' || message.subtype > 2 || message.subtype === 0);
            const octets = encodeMessage(message, context);
            const { messages, fault } = framed([octets]);
            assert.equal(fault, undefined);
            assert.deepEqual(
              messages.map((raw) => decodeMessage(raw, context)),
              [message],
            );
          }),
        );
      });
    }
  }

  it('attributes come out in one order, whatever order they are given in', () => {
    fc.assert(
      fc.property(any.update, fc.infiniteStream(fc.nat()), ({ attributes }, random) => {
        const shuffled = attributes
          .map((attribute) => ({ attribute, key: random.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ attribute }) => attribute);
        assert.deepEqual(encodeAttributes(shuffled, contexts[0]), encodeAttributes(attributes, contexts[0]));
      }),
    );
  });

  it('prefixes survive the wire', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...any.families)
          .chain((family) => fc.array(any.prefix(family)).map((list) => ({ family, list }))),
        ({ family, list }) => {
          const to = new Writer();
          encodePrefixes(list, to);
          assert.deepEqual(decodePrefixes(family, to.finish(), 0, to.length), list);
        },
      ),
    );
  });

  it('however TCP cuts a stream, the same messages and the same fault come out', () => {
    const stream = fc
      .tuple(fc.array(any.message, { maxLength: 5 }), fc.uint8Array({ maxLength: 40 }), fc.boolean())
      .map(([messages, noise, isNoisy]) =>
        Uint8Array.from([...messages.flatMap((message) => [...encodeMessage(message)]), ...(isNoisy ? noise : [])]),
      );
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), fc.constantFrom(4096, 65535), (octets, cuts, maxOctets) => {
        const places = [...new Set(cuts.map((cut) => cut % (octets.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...places].map((start, i) => octets.slice(start, places[i] ?? octets.length));
        assert.deepEqual(framed(pieces, maxOctets), framed([octets], maxOctets));
      }),
    );
  });

  it('noise of any length is framed and decoded, or refused with a BgpError', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        any.u8,
        fc.boolean(),
        fc.boolean(),
        (body, type, fourOctetAs, internal) => {
          const context = { fourOctetAs, internal, families: any.families };
          onlyBgpErrors(() => decodeMessage({ type: type % 7, body }, context));
          onlyBgpErrors(() => scanUpdate(body, context));
          const { fault } = framed([body]);
          assert.ok(fault === undefined || fault instanceof BgpError);
        },
      ),
    );
  });

  it('a valid message with octets changed, cut or added never throws anything but a BgpError, and scan and decode agree', () => {
    const damage = fc.array(fc.tuple(fc.nat(), any.u8), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(any.update, damage, fc.nat(), fc.constantFrom(...contexts), (update, changes, cut, context) => {
        const octets = bodyOf(encodeMessage(update, context)).slice();
        for (const [at, value] of changes) octets[at % octets.length] = value;
        const body = cut % 3 === 0 ? octets.subarray(0, cut % (octets.length + 1)) : octets;
        onlyBgpErrors(() => {
          const { update: _, ...decoded } = decodeUpdate(body, context);
          assert.deepEqual(scanUpdate(body, context), decoded);
        });
      }),
    );
  });

  it('what was decoded encodes to octets that decode to the same', () => {
    fc.assert(
      fc.property(any.message, fc.nat(), any.u8, fc.constantFrom(...contexts), (message, at, value, context) => {
        const octets = encodeMessage(message, context);
        if (octets.length > 19) octets[19 + (at % (octets.length - 19))] = value;
        onlyBgpErrors(() => {
          const raw = { type: octets[18]!, body: bodyOf(octets) };
          const again = encodeMessage(decodeMessage(raw, context), context);
          const third = encodeMessage(decodeMessage({ type: again[18]!, body: bodyOf(again) }, context), context);
          assert.deepEqual(third, again);
        });
      }),
    );
  });

  it('the visitor is shown exactly the prefixes that are counted', () => {
    fc.assert(
      fc.property(any.update, (update) => {
        const body = bodyOf(encodeMessage(update, contexts[0]));
        const seen = { announced: { ipv4: 0, ipv6: 0 }, withdrawn: { ipv4: 0, ipv6: 0 } };
        const { announced, withdrawn } = scanUpdate(body, contexts[0], (family, _octets, _at, isWithdrawn) => {
          seen[isWithdrawn ? 'withdrawn' : 'announced'][family]++;
        });
        assert.deepEqual({ announced, withdrawn }, seen);
      }),
    );
  });

  it('descriptions are fit to print, whatever the peer sent', () => {
    const printable = /^\P{C}*$/u;
    fc.assert(
      fc.property(any.capability, any.messages.notification, (capability, notification) => {
        assert.match(describeCapability(capability), printable);
        assert.match(describeNotification(notification), printable);
      }),
    );
  });

  it('a community survives its text', () => {
    fc.assert(
      fc.property(any.community, (community) => {
        assert.deepEqual(parseCommunity(formatCommunity(community)), community);
      }),
    );
  });

  it('community attributes neither repeat nor depend on the order given', () => {
    fc.assert(
      fc.property(fc.array(any.community), (communities) => {
        const once = communityAttributes(communities);
        assert.deepEqual(communityAttributes([...communities, ...communities].reverse()), once);
      }),
    );
  });

  it('any text is a community or the reason why not', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^(ext|large)?:?(rt|ro)?(:[0-9.lx]{0,12}){0,4}$/)),
        (text) => {
          const parsed = parseCommunity(text);
          assert.ok(typeof parsed !== 'string' || parsed.length > 0);
        },
      ),
    );
  });
});
