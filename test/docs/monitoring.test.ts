import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const alerts = read('docs/monitoring/alerts.yaml');
const dashboard = read('docs/monitoring/grafana.json');
const namesIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/\b(?:herald|process)_[a-z0-9_]+/g)].map(([name]) => name.replace(/_bucket$/, ''))),
];
/** What the documentation says is there. */
const documented = new Set(namesIn(read('docs/operations.md')));

describe('docs/monitoring', () => {
  for (const [file, text] of [
    ['alerts.yaml', alerts],
    ['grafana.json', dashboard],
  ] as const)
    it(`${file} asks only for metrics that are documented`, () => {
      const names = namesIn(text);
      assert(names.length > 8);
      assert.deepEqual(
        names.filter((name) => !documented.has(name)),
        [],
      );
    });

  it('alerts.yaml is what promtool accepts', function () {
    if (!existsSync('/usr/bin/promtool')) this.skip();
    const { status, stdout, stderr } = spawnSync(
      '/usr/bin/promtool',
      ['check', 'rules', 'docs/monitoring/alerts.yaml'],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0, `${stdout}${stderr}`);
  });

  it('grafana.json is a dashboard whose panels do not overlap', () => {
    const { panels } = JSON.parse(dashboard) as {
      panels: { gridPos: { x: number; y: number; w: number; h: number } }[];
    };
    const taken = new Set<string>();
    for (const { gridPos } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert(x < 24 && !taken.has(`${x} ${y}`), `${x} ${y}`);
          taken.add(`${x} ${y}`);
        }
  });
});
