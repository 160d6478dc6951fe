import assert from 'node:assert/strict';
import type { Severity } from '../../src/bgp/errors.js';
import { encodeMessage } from '../../src/bgp/message.js';
import { decodeUpdate, endOfRib, type ReceivedUpdate, scanUpdate, type Update } from '../../src/bgp/update.js';
import type { UpdateContext } from '../../src/bgp/update-survey.js';
import { formatPrefix, parseAddress, parsePrefix } from '../../src/net/address.js';
import { hex, message, textOf } from './hex.js';

const external: UpdateContext = { fourOctetAs: true, internal: false, families: ['ipv4', 'ipv6'] };
const internal: UpdateContext = { ...external, internal: true };
const old: UpdateContext = { ...external, fourOctetAs: false };

const prefix = (text: string) => parsePrefix(text)!;

interface Parts {
  readonly withdrawn?: string;
  readonly attributes?: string;
  readonly nlri?: string;
}

function body({ withdrawn = '', attributes = '', nlri = '' }: Parts): Uint8Array {
  const counted = (text: string): number[] => {
    const octets = hex(text);
    return [octets.length >>> 8, octets.length & 0xff, ...octets];
  };
  return Uint8Array.of(...counted(withdrawn), ...counted(attributes), ...hex(nlri));
}

/** Decodes, and holds scanUpdate to the same verdict. */
function received(parts: Parts | Uint8Array, context = external): ReceivedUpdate {
  const octets = parts instanceof Uint8Array ? parts : body(parts);
  const decoded = decodeUpdate(octets, context);
  const { update: _, ...scan } = decoded;
  assert.deepEqual(scanUpdate(octets, context), scan);
  return decoded;
}

function resets(parts: Parts | Uint8Array, subcode: number, data?: string, context = external): void {
  const octets = parts instanceof Uint8Array ? parts : body(parts);
  const expected = { code: 3, subcode, ...(data !== undefined && { data: hex(data) }) };
  assert.throws(() => decodeUpdate(octets, context), expected);
  assert.throws(() => scanUpdate(octets, context), expected);
}

const origin = '40 01 01 00';
const asPath = '40 02 06 02 01 0000fc00';
const nextHop = '40 03 04 c0000201';
const mandatory = `${origin} ${asPath} ${nextHop}`;
const nlri = '18 c63364'; // 198.51.100.0/24
const global = '20010db8000000000000000000000001';
const reachValue = `0002 01 10 ${global} 00 30 20010db80001`;
const reach = `80 0e 1c ${reachValue}`;
const unreach = '80 0f 0a 0002 01 30 20010db80002';

/** The severity, and that an UPDATE of one route with these attributes besides the mandatory ones is weighed so. */
function weighed(
  attributes: string,
  severity: Severity | undefined,
  context = external,
  besides = mandatory,
): ReceivedUpdate {
  const result = received({ attributes: `${besides} ${attributes}`, nlri }, context);
  assert.equal(result.severity, severity, JSON.stringify(result.faults));
  assert.deepEqual([result.announced.ipv4, result.withdrawn.ipv4], severity === 'treatAsWithdraw' ? [0, 1] : [1, 0]);
  return result;
}

describe('UPDATE', () => {
  it('announces IPv4 routes', () => {
    const { update, announced } = received({ attributes: mandatory, nlri: `${nlri} 20 cb007101` });
    assert.deepEqual(update.announced.map(formatPrefix), ['198.51.100.0/24', '203.0.113.1/32']);
    assert.deepEqual(announced, { ipv4: 2, ipv6: 0 });
  });

  it('announces IPv6 routes, and both families at once', () => {
    const { announced, faults } = received({ attributes: `${reach} ${mandatory}`, nlri });
    assert.deepEqual([announced, faults], [{ ipv4: 1, ipv6: 1 }, []]);
  });

  const sent = (update: Partial<Update>): string =>
    textOf(encodeMessage({ kind: 'update', withdrawn: [], attributes: [], announced: [], ...update }));

  it('[36] withdraws without any attribute', () => {
    assert.equal(sent({ withdrawn: [prefix('198.51.100.0/24')] }), textOf(message(2, `0004 ${nlri} 0000`)));
    assert.deepEqual(received({ withdrawn: nlri }).withdrawn, { ipv4: 1, ipv6: 0 });
  });

  it('[36] withdraws IPv6 routes by MP_UNREACH_NLRI alone', () => {
    assert.equal(
      sent({ attributes: [{ kind: 'mpUnreach', family: 'ipv6', prefixes: [prefix('2001:db8:2::/48')] }] }),
      textOf(message(2, `0000 000d ${unreach}`)),
    );
    const { withdrawn, faults, severity } = received({ attributes: unreach });
    assert.deepEqual([withdrawn, faults, severity], [{ ipv4: 0, ipv6: 1 }, [], undefined]);
  });

  it('[37] shows a prefix both withdrawn and announced as withdrawn first, so that the announcement holds', () => {
    const seen: [string, boolean][] = [];
    scanUpdate(
      body({
        withdrawn: nlri,
        attributes: `${unreach} 80 0e 1c 0002 01 10 ${global} 00 30 20010db80002 ${mandatory}`,
        nlri,
      }),
      external,
      (family, _octets, _at, withdrawn) => seen.push([family, withdrawn]),
    );
    assert.deepEqual(seen, [
      ['ipv4', true],
      ['ipv6', true],
      ['ipv6', false],
      ['ipv4', false],
    ]);
  });

  it('[39] leaves out NEXT_HOP when only MP_REACH carries NLRI', () => {
    const update = sent({
      attributes: [
        { kind: 'origin', origin: 'igp' },
        { kind: 'asPath', segments: [] },
        {
          kind: 'mpReach',
          family: 'ipv6',
          nextHop: parseAddress('2001:db8::1')!,
          prefixes: [prefix('2001:db8:1::/48')],
        },
      ],
    });
    assert.equal(update, textOf(message(2, `0000 0026 ${reach} ${origin} 40 02 00`)));
  });

  it('[39] ignores NEXT_HOP when only MP_REACH carries NLRI, even one of zeros or of a wrong length', () => {
    for (const ignored of ['40 03 04 00000000', '40 03 00', '40 03 10 '.padEnd(41, '0'), 'c0 03 04 00000000']) {
      const { announced, faults, update } = received({ attributes: `${reach} ${origin} ${asPath} ${ignored}` });
      assert.deepEqual([announced, faults], [{ ipv4: 0, ipv6: 1 }, []]);
      assert.deepEqual(
        update.attributes.map(({ kind }) => kind),
        ['mpReach', 'origin', 'asPath'],
      );
    }
  });

  it('[42] discards LOCAL_PREF from another AS, and keeps it from our own', () => {
    const localPref = '40 05 04 00000064';
    const kinds = ({ update }: ReceivedUpdate): string[] => update.attributes.map(({ kind }) => kind);
    assert.ok(!kinds(weighed(localPref, 'attributeDiscard')).includes('localPref'));
    assert.ok(kinds(weighed(localPref, undefined, internal)).includes('localPref'));
  });

  it('[49] ends the table of IPv4 with an empty UPDATE of 23 octets, of others with MP_UNREACH_NLRI', () => {
    assert.equal(textOf(encodeMessage(endOfRib('ipv4'))), textOf(message(2, '0000 0000')));
    assert.equal(textOf(encodeMessage(endOfRib('ipv6'))), textOf(message(2, '0000 0006 80 0f 03 0002 01')));
  });

  it('[49] knows the end of a table in either form', () => {
    assert.equal(received({}).endOfRib, 'ipv4');
    assert.equal(received({ attributes: '80 0f 03 0001 01' }).endOfRib, 'ipv4');
    assert.equal(received({ attributes: '80 0f 03 0002 01' }).endOfRib, 'ipv6');
    assert.equal(received({ attributes: '90 0f 0003 0002 01' }).endOfRib, 'ipv6');
  });

  it('[49] takes nothing else for the end of a table', () => {
    for (const parts of [{ withdrawn: nlri }, { attributes: unreach }, { attributes: `80 0f 03 0002 01 ${origin}` }])
      assert.equal(received(parts).endOfRib, undefined);
    assert.equal(received({ attributes: `80 0f 03 0002 01 ${mandatory}`, nlri }).endOfRib, undefined);
  });

  it('[56] refuses withdrawn routes or attributes that overrun the message with 3/1', () => {
    for (const octets of [
      '0000',
      '0005 0000',
      '0001 0000',
      '0000 0001',
      '0000 ffff',
      'ffff 0000',
      '0004 18c63364 0001',
    ])
      resets(hex(octets), 1);
  });

  it('[56] treats an attribute that overruns the list as a withdrawal, and finds the NLRI by the total length', () => {
    for (const overrun of ['c0', 'c0 08', 'c0 08 04 ffffff', 'd0 08 00', 'd0 08 0004 ffffff']) {
      const { withdrawn, announced } = received({ attributes: `${mandatory} ${overrun}`, nlri });
      assert.deepEqual([withdrawn.ipv4, announced.ipv4], [1, 0], overrun);
    }
  });

  it('[57] refuses a fault that is worth a withdrawal where no route is announced', () => {
    resets({ attributes: '40 01 01 07' }, 6, '40 01 01 07');
    resets({ attributes: `${mandatory} 80 04 03 000000`, withdrawn: nlri }, 5, '80 04 03 000000');
    resets({ attributes: `${mandatory} c0` }, 1);
    resets({ attributes: `80 0e 15 0002 01 10 ${global} 00 40 01 01 07` }, 6);
  });

  it('[57] goes on with a fault that is worth a discard where no route is announced', () => {
    assert.equal(received({ attributes: '40 06 01 00', withdrawn: nlri }).severity, 'attributeDiscard');
  });

  it('[57] goes on with an MP_UNREACH_NLRI of wrong flags where there is nothing else', () => {
    const { severity, withdrawn } = received({ attributes: `c0${unreach.slice(2)}` });
    assert.deepEqual([severity, withdrawn.ipv6], ['treatAsWithdraw', 1]);
  });

  const withdrawing: readonly (readonly [what: string, attribute: string])[] = [
    ['an ORIGIN that is none', '40 01 01 03'],
    ['an ORIGIN of two octets', '40 01 02 0000'],
    ['an ORIGIN of none', '40 01 00'],
    ['an AS_PATH segment of unknown type', '40 02 06 05 01 0000fc00'],
    ['an AS_PATH segment of type 0', '40 02 06 00 01 0000fc00'],
    ['an AS_PATH segment that overruns it', '40 02 06 02 02 0000fc00'],
    ['half an AS_PATH segment header', '40 02 07 02 01 0000fc00 02'],
    ['[63] an AS_PATH segment without AS numbers', '40 02 08 02 01 0000fc00 02 00'],
    ['[63] AS 0 in the AS_PATH', '40 02 0a 02 02 0000fc00 00000000'],
    ['a confederation in the AS_PATH from another AS', '40 02 06 03 01 0000fc00'],
    ['a NEXT_HOP of three octets', '40 03 03 c00002'],
    ['a NEXT_HOP of sixteen octets', `40 03 10 ${global}`],
    ['the NEXT_HOP 0.0.0.0', '40 03 04 00000000'],
    ['a multicast NEXT_HOP', '40 03 04 e0000001'],
    ['the NEXT_HOP 255.255.255.255', '40 03 04 ffffffff'],
    ['a MED of three octets', '80 04 03 000000'],
    ['[63] no communities in COMMUNITIES', 'c0 08 00'],
    ['COMMUNITIES of five octets', 'c0 08 05 0000000000'],
    ['[63] no communities in EXTENDED COMMUNITIES', 'c0 10 00'],
    ['EXTENDED COMMUNITIES of twelve octets', `c0 10 0c ${'00'.repeat(12)}`],
    ['[63] no communities in LARGE_COMMUNITY', 'c0 20 00'],
    ['LARGE_COMMUNITY of eight octets', `c0 20 08 ${'00'.repeat(8)}`],
    ['ONLY_TO_CUSTOMER of three octets', 'c0 23 03 000000'],
  ];
  for (const [what, attribute] of withdrawing) {
    const tag = what.startsWith('[') ? '' : '[58] ';
    it(`${tag}${what} withdraws the routes`, () => {
      const type = hex(attribute)[1];
      const others = [origin, asPath, nextHop].filter((other) => hex(other)[1] !== type).join(' ');
      weighed(attribute, 'treatAsWithdraw', external, others);
    });
  }

  it('[58] a well-formed confederation in the AS_PATH within our AS is none of our business', () => {
    weighed('40 02 06 03 01 0000fc00', undefined, internal, `${origin} ${nextHop}`);
  });

  const discarded: readonly (readonly [what: string, attribute: string, context?: UpdateContext])[] = [
    ['ATOMIC_AGGREGATE of one octet', '40 06 01 00'],
    ['AGGREGATOR of six octets from a four-octet peer', 'c0 07 06 fc00 0a000001'],
    ['AGGREGATOR of AS 0', 'c0 07 08 00000000 0a000001'],
    ['AS4_PATH from a four-octet peer', 'c0 11 06 02 01 0000fc00'],
    ['AS4_AGGREGATOR from a four-octet peer', 'c0 12 08 0000fc00 0a000001'],
    ['AGGREGATOR of eight octets from a two-octet peer', 'c0 07 08 0000fc00 0a000001', old],
    ['AS4_PATH too short for one AS number', 'c0 11 04 02 01 fc00', old],
    ['AS4_PATH of no octets', 'c0 11 00', old],
    ['AS4_PATH whose segment overruns it', 'c0 11 06 02 02 0000fc00', old],
    ['AS4_PATH with AS 0', 'c0 11 06 02 01 00000000', old],
    ['AS4_AGGREGATOR of six octets', 'c0 12 06 fc00 0a000001', old],
    ['ORIGINATOR_ID from another AS', '80 09 04 0a000001'],
    ['CLUSTER_LIST from another AS', '80 0a 04 0a000001'],
    ['LOCAL_PREF of three octets from another AS', '40 05 03 000000'],
  ];
  for (const [what, attribute, context = external] of discarded) {
    it(`[58] ${what} is discarded and the routes hold`, () => {
      const besides = context.fourOctetAs ? mandatory : `${origin} 40 02 04 02 01 fc00 ${nextHop}`;
      const { update } = weighed(attribute, 'attributeDiscard', context, besides);
      assert.deepEqual(
        update.attributes.map(({ kind }) => kind),
        ['origin', 'asPath', 'nextHop'],
      );
    });
  }

  it('[58] LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST of wrong length within our AS withdraw the routes', () => {
    for (const attribute of ['40 05 03 000000', '80 09 03 000000', '80 0a 00', '80 0a 05 0000000000'])
      weighed(attribute, 'treatAsWithdraw', internal);
  });

  it('[58] the strongest of several faults wins', () => {
    const { faults } = weighed('40 06 01 00  c0 08 00  c0 07 00', 'treatAsWithdraw');
    assert.deepEqual(
      faults.map(({ severity }) => severity),
      ['attributeDiscard', 'treatAsWithdraw', 'attributeDiscard'],
    );
  });

  it('[59] a conflict of the optional or transitive bit withdraws the routes', () => {
    for (const attribute of [
      'c0 04 04 00000000',
      '00 04 04 00000000',
      '80 08 04 ffffff01',
      '40 08 04 ffffff01',
      'c0 06 00',
    ])
      weighed(attribute, 'treatAsWithdraw');
    weighed('80 01 01 00', 'treatAsWithdraw', external, `${asPath} ${nextHop}`);
  });

  it('[59] the low four bits and Partial are not looked at', () => {
    weighed('8f 04 04 00000000', undefined);
    weighed('ef 08 04 ffffff01', undefined);
    weighed('6f 01 01 00', undefined, external, `${asPath} ${nextHop}`);
  });

  it('[60] keeps the first of an attribute that is repeated', () => {
    const { update, faults } = weighed('80 04 04 00000001  80 04 04 00000002', 'attributeDiscard');
    assert.deepEqual(
      update.attributes.filter(({ kind }) => kind === 'med'),
      [{ kind: 'med', med: 1 }],
    );
    assert.equal(faults.length, 1);
  });

  it('[60] a repeated attribute is not looked into', () => {
    weighed('80 04 04 00000001  80 04 00', 'attributeDiscard');
    weighed('c0 63 00  c0 63 00', 'attributeDiscard');
  });

  it('[60] lists few faults however many repetitions there are', () => {
    assert.equal(weighed('c0 63 00 '.repeat(1000), 'attributeDiscard').faults.length, 1);
  });

  it('[60] refuses a repeated MP_REACH_NLRI or MP_UNREACH_NLRI with 3/1', () => {
    resets({ attributes: `${reach} ${reach} ${mandatory}` }, 1);
    resets({ attributes: `${unreach} ${unreach}` }, 1);
  });

  it('[61] a missing well-known mandatory attribute withdraws the routes', () => {
    for (const [besides, missing] of [
      [`${asPath} ${nextHop}`, 'origin is missing'],
      [`${origin} ${nextHop}`, 'asPath is missing'],
      [`${origin} ${asPath}`, 'nextHop is missing'],
    ] as const)
      assert.deepEqual(
        weighed('', 'treatAsWithdraw', external, besides).faults.map(({ message }) => message),
        [missing],
      );
    const { withdrawn, severity } = received({ attributes: `${reach} ${origin}` });
    assert.deepEqual([withdrawn.ipv6, severity], [1, 'treatAsWithdraw']);
  });

  it('[61] refuses an unrecognised well-known attribute with 3/2 and the attribute as data', () => {
    resets({ attributes: `${mandatory} 40 63 02 0102`, nlri }, 2, '40 63 02 0102');
    resets({ attributes: `${mandatory} 00 00 00`, nlri }, 2, '00 00 00');
  });

  it('[62] refuses a wrong next hop length in MP_REACH_NLRI with 3/9 and the attribute as data', () => {
    for (const length of ['00', '01', '04', '0f', '11', '18', '1f', '21', '30', 'ff']) {
      const octets = `80 0e 1c 0002 01 ${length} ${global} 00 30 20010db80001`;
      resets({ attributes: `${octets} ${mandatory}` }, 9, octets);
    }
    resets({ attributes: '80 0e 07 0001 01 05 000000' }, 9);
  });

  it('[62] refuses an MP_REACH_NLRI or MP_UNREACH_NLRI that is too short with 3/9', () => {
    for (const attribute of [
      '80 0e 00',
      '80 0e 02 0002',
      '80 0e 04 0002 01 10',
      '80 0e 14 0002 01 10'.padEnd(53, '0'),
      '80 0f 00',
      '80 0f 02 0002',
    ])
      resets({ attributes: attribute }, 9);
  });

  it('[62] refuses impossible prefixes with 3/10, wherever they stand', () => {
    const endless = (value: string): string => `${value} 81 ${'00'.repeat(17)}`;
    resets({ withdrawn: '21 c000020000' }, 10);
    resets({ withdrawn: '18 c000' }, 10);
    resets({ attributes: mandatory, nlri: '21 c000020000' }, 10);
    resets({ attributes: mandatory, nlri: '18 c000' }, 10);
    resets({ attributes: `80 0f 15 ${endless('0002 01')}` }, 10);
    resets({ attributes: `80 0e 27 0002 01 10 ${global} 00 ${endless('')} ${mandatory}` }, 10);
    resets({ attributes: '80 0f 05 0002 01 30 20' }, 10);
  });

  it('[47] reads MP_REACH_NLRI of IPv4 with a next hop of four octets; sixteen we never offered', () => {
    const ipv4 = `80 0e 0d 0001 01 04 c0000201 00 ${nlri}`;
    assert.deepEqual(received({ attributes: `${ipv4} ${origin} ${asPath}` }).announced, { ipv4: 1, ipv6: 0 });
    resets({ attributes: `80 0e 19 0001 01 10 ${global} 00 ${nlri} ${mandatory}` }, 9);
  });

  it('[64] keeps an unknown optional transitive attribute and drops one that is not transitive', () => {
    const { update } = weighed('c0 63 01 07  80 64 01 08', undefined);
    assert.deepEqual(update.attributes.slice(3), [{ kind: 'unknown', type: 99, flags: 0xc0, value: hex('07') }]);
  });

  it('[65] ignores and names families that were not negotiated, whatever they hold', () => {
    const evpn = '80 0e 06 0019 46 ff 0102';
    const { announced, ignored, severity } = received({ attributes: `${evpn} ${mandatory}` });
    assert.deepEqual([announced, ignored, severity], [{ ipv4: 0, ipv6: 0 }, [{ afi: 25, safi: 70 }], undefined]);
    const ipv4Only: UpdateContext = { ...external, families: ['ipv4'] };
    assert.deepEqual(received({ attributes: `${reach} ${mandatory}`, nlri }, ipv4Only).announced, { ipv4: 1, ipv6: 0 });
    assert.deepEqual(received({ attributes: '80 0f 03 0002 01' }, ipv4Only).endOfRib, undefined);
  });

  it('[65] ignores IPv4 routes where IPv4 was not negotiated', () => {
    const ipv6Only: UpdateContext = { ...external, families: ['ipv6'] };
    const { announced, withdrawn, ignored, update } = received(
      { withdrawn: nlri, attributes: `${reach} ${mandatory}`, nlri },
      ipv6Only,
    );
    assert.deepEqual(
      [announced, withdrawn],
      [
        { ipv4: 0, ipv6: 1 },
        { ipv4: 0, ipv6: 0 },
      ],
    );
    assert.deepEqual(ignored, [{ afi: 1, safi: 1 }]);
    assert.deepEqual([update.announced, update.withdrawn], [[], []]);
    assert.equal(received({}, ipv6Only).endOfRib, undefined);
  });

  it('[58] a treated withdrawal holds every route that was announced', () => {
    const { update, withdrawn } = received({
      withdrawn: '08 0a',
      attributes: `${reach} ${unreach} ${mandatory} c0 08 00`,
      nlri,
    });
    assert.deepEqual(withdrawn, { ipv4: 2, ipv6: 2 });
    assert.deepEqual(update.withdrawn.map(formatPrefix), ['10.0.0.0/8', '198.51.100.0/24']);
    assert.deepEqual(update.announced, []);
    const [attribute, ...others] = update.attributes;
    assert.ok(attribute?.kind === 'mpUnreach');
    assert.deepEqual(attribute.prefixes.map(formatPrefix).sort(), ['2001:db8:1::/48', '2001:db8:2::/48']);
    assert.deepEqual(others, []);
  });
});
