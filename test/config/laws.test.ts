import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseConfig } from '../../src/config/parse.js';
import { knownKeys } from '../../src/config/schema.js';
import { formatProblem, hasErrors } from '../../src/problem.js';
import { environment } from './given.js';

/** Total, and every problem points into the file. */
function holds(text: string): void {
  const { config, problems } = parseConfig(text, 'f', environment);
  assert.equal(config === undefined, hasErrors(problems));
  const lines = text.split(/\r\n|\n|\r/);
  for (const problem of problems) {
    const { line, column } = problem.where;
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}: ${formatProblem(problem)}`);
    assert.ok(column >= 1, formatProblem(problem));
    assert.notEqual(problem.message, '');
    assert.doesNotMatch(problem.message, /undefined|\[object|NaN|\n/, formatProblem(problem));
  }
}

const inner = [
  'name',
  'spec',
  'peerAddress',
  'peerASN',
  'myASN',
  'holdTime',
  'keepaliveTime',
  'password',
  'passwordFile',
  'nodeSelectors',
  'matchLabels',
  'matchExpressions',
  'addresses',
  'labels',
  'value',
  'communities',
  'peers',
  'ipAddressPools',
  'nextHop',
  'file',
  'socket',
  'listen',
  'gracefulRestart',
  'families',
  'vrf',
  'bfdProfile',
  'state',
  'serviceAllocation',
  '__proto__',
  'constructor',
  'toString',
  '',
];
const scalars = [
  null,
  true,
  false,
  0,
  1,
  -1,
  23456,
  1.5,
  1e300,
  Number.NaN,
  '',
  'x',
  '10.0.0.1',
  'fe80::1%eth0',
  '10.0.0.0/8',
  '10.0.0.1-10.0.0.9',
  '::/0',
  '::1.2.3.4/128',
  '90s',
  '9h9m',
  '1:2',
  '\u0000',
  '\u2028',
  '<<',
  'In',
  'eth0',
  '[::1]:179',
  ' ',
];

const anyConfig = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constantFrom(...scalars), tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  map: fc.dictionary(fc.oneof(fc.constantFrom(...inner), fc.string({ maxLength: 5 })), tie('value'), { maxKeys: 6 }),
}));

describe('reading a configuration', () => {
  it('is total over garbage', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), holds), { numRuns: 300 });
  });

  it('is total over what nearly is YAML', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '&a ',
      '*a',
      '<<: ',
      '"',
      "'",
      '|\n',
      '#',
      '? ',
      '!t ',
      '---\n',
      '...\n',
      '%',
      '\t',
      '\r\n',
      '\r',
      'bgpPeers',
      'name',
      '1.10',
      '~',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
        holds,
      ),
      { numRuns: 2000 },
    );
  });

  it('is total over any values under its own keys, as YAML and as JSON', () => {
    const root = fc.dictionary(fc.constantFrom(...knownKeys), anyConfig.value, { maxKeys: 5 });
    fc.assert(
      fc.property(root, (value) => {
        holds(JSON.stringify(value, undefined, 1));
        holds(stringify(value));
      }),
      { numRuns: 300 },
    );
  });

  it('is total over lists of nearly right items', () => {
    const item = fc.dictionary(fc.constantFrom(...inner), anyConfig.value, { maxKeys: 12 });
    const root = fc.dictionary(fc.constantFrom(...knownKeys), fc.array(item, { maxLength: 3 }), { maxKeys: 6 });
    fc.assert(
      fc.property(root, (value) => holds(JSON.stringify(value, undefined, 1))),
      { numRuns: 300 },
    );
  });
});
