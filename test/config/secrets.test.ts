import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseConfig } from '../../src/config/parse.js';
import { formatProblem } from '../../src/problem.js';
import { environment } from './given.js';

const marker = 'Xq7vLmPz9Kt2';

/** Everything that is said about the text. */
function said(text: string): string {
  const { problems } = parseConfig(text, '/etc/herald/herald.yaml', environment);
  return problems.map(formatProblem).join('\n');
}

/** No six characters of it in a row. */
function isKept(words: string, text: string): void {
  for (let at = 0; at + 6 <= marker.length; at++)
    assert.ok(!words.includes(marker.slice(at, at + 6)), `${words}\n  said of\n${text}`);
}

const peer = (lines: string): string =>
  `bgp: { asn: 64512 }\nbgpPeers:\n  - name: tor-1\n    peerAddress: 10.0.0.1\n${lines}\n    peerASN: 64500\n    holdTyme: 9s\n`;

describe('A password in a configuration', () => {
  const ways = {
    'as an alias': `    password: *${marker}`,
    'as an anchor': `    password: &${marker}`,
    'as a tag': `    password: !${marker}`,
    'as a tag of a value': `    password: !${marker} x`,
    'as a tag with more behind it': `    password: !!${marker} ${marker}`,
    'behind a reserved character': `    password: @${marker}`,
    'behind a backtick': `    password: \`${marker}`,
    'behind a percent sign': `    password: %${marker}`,
    'with a quote that does not end': `    password: "${marker}`,
    'with a quote that ends early': `    password: "a" ${marker}`,
    'with an escape that is none': `    password: "\\q${marker}\\${marker}"`,
    'as a mapping': `    password: { ${marker}: ${marker} }`,
    'as a broken mapping': `    password: {${marker}`,
    'as a list': `    password: [${marker}]`,
    'as a broken list': `    password: [${marker}`,
    'as a key of its own': `    password:${marker}`,
    'as a key of its own with a value': `    password:${marker}: 1`,
    'with a colon in it': `    password: ${marker}: ${marker}`,
    'in the next line': `    password:\n      ${marker}: ${marker}`,
    'as a block with a header that is none': `    password: |${marker}`,
    'as a folded block': `    password: >9\n  ${marker}\n`,
    'under a misspelt key': `    passwrod: !${marker}`,
    'under another one': `    Passwd: *${marker}`,
    twice: `    password: ${marker}\n    password: ${marker}`,
    'that is too long': `    password: ${marker.repeat(10)}`,
    'beside a file': `    password: ${marker}\n    passwordFile: /nowhere`,
    'within braces': `    x: { password: !${marker}, y: 1 }`,
    'as JSON': `    {"password": "${marker}", "password": ${marker}}`,
  };
  for (const [how, lines] of Object.entries(ways))
    it(`is not repeated when it is written ${how}`, () => {
      const text = peer(lines);
      const words = said(text);
      assert.notEqual(words, '');
      isKept(words, text);
    });

  it('does not hide what is wrong beside it', () => {
    assert.match(
      said(peer(`    password: ${marker}`)),
      /^\/etc\/herald\/herald\.yaml:7:5: bgpPeers\[0\]\.holdTyme: unknown key; did you mean "?holdTime"?\?$/m,
    );
    assert.match(
      said(peer(`    password: !${marker}`)),
      /^\/etc\/herald\/herald\.yaml:5:15: this cannot be read; it is not repeated/m,
    );
    const flow = `bgpPeers: [{ name: a, peerAddress: 10.0.0.1, password: ${marker}, peerASN: many }]`;
    assert.match(said(flow), /peerASN: "many"/);
    assert.match(said(peer('    passwordFile: /nowhere/at-all')), /nowhere\/at-all/);
    assert.match(said(peer('    password: x\n    description: !x')), /Unresolved tag: !x/);
  });

  it('is not repeated whatever else is mistyped around it', () => {
    const before = `bgpPeers:\n  - name: tor-1\n    peerAddress: 10.0.0.1\n    `;
    const after = `\n    peerASN: 64500\ncommunities: [{ name: blue, value: "64512:100" }]\n`;
    const slips = fc.array(
      fc.record({
        at: fc.nat(before.length + after.length + 2),
        word: fc.constantFrom(
          '',
          '"',
          "'",
          '{',
          '}',
          '[',
          ']',
          ':',
          ': ',
          '&',
          '*',
          '!',
          '|',
          '>',
          '#',
          ',',
          '\n',
          ' ',
          '\t',
          '- ',
          '%',
          '@',
          '\\',
        ),
        cut: fc.nat(2),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(slips, (made) => {
        let [head, value, tail] = [before, ' ', after];
        for (const { at, word, cut } of made) {
          const slip = (text: string, place: number): string => text.slice(0, place) + word + text.slice(place + cut);
          if (at < before.length) head = slip(head, at);
          else if (at < before.length + 3) value += word;
          else tail = slip(tail, at - before.length - 3);
        }
        const text = `${head}password:${value}${marker}${tail}`;
        isKept(said(text), text);
      }),
      { numRuns: 500 },
    );
  });
});
