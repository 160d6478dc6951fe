import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { reference } from '../../src/config/reference.js';
import { accepts, errorsOf } from './given.js';

const fromRoot = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const example = fromRoot('systemd/herald.example.yaml');

describe('docs/configuration.md', () => {
  it('is what the schema says; `npm run docs` writes it anew', () => {
    assert.equal(fromRoot('docs/configuration.md'), reference(example));
  });

  it('says something about every key', () => {
    const rows = reference(example)
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    assert.ok(rows.length > 100);
    for (const row of rows) assert.doesNotMatch(row, /\|\s*\|$/, row);
  });

  it('has a row for what the contract names', () => {
    const text = reference(example);
    for (const key of [
      'holdTime',
      'gracefulRestart.restartTime',
      'serviceAllocation.priority',
      'garpRefresh',
      'socket.onDisconnect',
      'maxWithdrawPercent',
      'compat',
    ])
      assert.ok(text.includes(`| \`${key}\` |`), key);
    assert.match(text, /\| `connectTime` \| duration \| `10s` \| 1s to 65535s \|/);
  });
});

describe('the example configuration', () => {
  it('is accepted', () => {
    assert.deepEqual(errorsOf(example), []);
    assert.deepEqual(
      accepts(example).bgpPeers.map(({ name }) => name),
      ['tor-1', 'spine'],
    );
  });
});
