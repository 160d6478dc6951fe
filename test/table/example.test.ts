import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { serviceKeys } from '../../src/table/entry.js';
import { YamlTable } from '../../src/table/yaml-table.js';

describe('the example of an allocation table', () => {
  it('is a table without problems', () => {
    const file = 'systemd/allocations.example.yaml';
    const change = new YamlTable(file, new Map()).update(readFileSync(file, 'utf8'));
    assert(change.kind === 'services');
    assert.deepEqual(change.problems, []);
    assert.equal(change.count, 6);
  });
});

describe('the reference of the allocation table', () => {
  const page = readFileSync('docs/table.md', 'utf8');

  it('has a YAML table without problems', () => {
    for (const [, text = ''] of page.matchAll(/```yaml\n(.*?)```/gs)) {
      const change = new YamlTable('docs/table.md', new Map()).update(text);
      assert(change.kind === 'services');
      assert.deepEqual(change.problems, []);
    }
  });

  it('describes every key', () => {
    for (const key of serviceKeys) assert(page.includes(`\`${key}\``), key);
  });
});
