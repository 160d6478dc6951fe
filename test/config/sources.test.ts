import assert from 'node:assert/strict';
import { accepts, refuses } from './given.js';

describe('sources', () => {
  it('are files beside the configuration, named after themselves, or the socket', () => {
    const text =
      'sources:\n  - file: bulk/routes.csv\n  - { name: static, file: /srv/table.ndjson }\n  - { name: controller, socket: {} }\n';
    assert.deepEqual(accepts(text).sources, [
      { name: 'routes', kind: 'file', file: '/etc/herald/bulk/routes.csv' },
      { name: 'static', kind: 'file', file: '/srv/table.ndjson' },
      { name: 'controller', kind: 'socket', onDisconnect: 'keep', afterSeconds: 30 },
    ]);
  });

  it('may be none', () => {
    assert.deepEqual(accepts('sources: []\n').sources, []);
  });

  it('need names of their own, and `cli` is taken', () => {
    refuses(
      'sources:\n  - file: a/t.yaml\n  - file: b/t.yaml\n  - { name: cli, socket: {} }\n  - { socket: {} }\n  - file: "my table.yaml"\n',
      '3: sources[1].name: duplicate definition of source "t"; the first is in line 2',
      '4: sources[2].name: "cli" is the source of `herald announce`',
      '5: sources[3].name: missing source name',
      '6: sources[4].name: "my table" is not a name',
    );
  });

  it('are of exactly one kind', () => {
    refuses(
      'sources:\n  - name: a\n  - { name: b, file: b.yaml, socket: {} }\n',
      '2: sources[0]: exactly one of file and socket is needed',
      '3: sources[1].socket: stands beside file',
    );
  });

  it('have files whose names say what is inside', () => {
    refuses(
      'sources:\n  - file: table.txt\n',
      '2: sources[0].file: the name must end in one of .yaml, .yml, .json, .ndjson, .csv',
    );
  });
});
