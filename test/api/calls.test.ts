import assert from 'node:assert/strict';
import { peer, service } from './fake-house.js';
import { Served } from './served.js';

const web = '/v1/sources/cli/services/shop/new';

describe('the calls of the control API', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.open();
  });
  afterEach(() => served.close());

  describe('reading', () => {
    it('answers with the status as the house has it', async () => {
      const { status, headers, text } = await served.ask('GET', '/v1/status');
      assert.equal(status, 200);
      assert.equal(headers['content-type'], 'application/json');
      assert.deepEqual(JSON.parse(text), await served.house.status());
    });

    it('wraps lists, and gives single things bare', async () => {
      const [peer] = served.house.peerBodies;
      assert.deepEqual((await served.ask('GET', '/v1/peers')).json(), { peers: [peer] });
      assert.deepEqual((await served.ask('GET', '/v1/peers/tor-1')).json(), peer);
      assert.deepEqual((await served.ask('GET', '/v1/sources')).json(), { sources: served.house.sourceBodies });
      assert.deepEqual((await served.ask('GET', '/v1/services/shop/web')).json(), service('shop/web'));
    });

    it('gives interfaces and members of the election', async () => {
      const { interfaceBodies, memberBodies } = served.house;
      assert.deepEqual((await served.ask('GET', '/v1/interfaces')).json(), { interfaces: interfaceBodies });
      assert.deepEqual((await served.ask('GET', '/v1/members')).json(), { members: memberBodies });
    });

    it('gives a list as large as a city, in full and in order', async () => {
      for (let i = 0; i < 2500; i++) {
        const name = `city/s${String(i).padStart(5, '0')}`;
        served.house.table.set(name, service(name));
      }
      const all = [...served.house.table.values()];
      assert.deepEqual((await served.ask('GET', '/v1/services')).json(), { services: all });
      const announcements = all.map(({ name, announcements: [first] }) => ({ service: name, ...first }));
      assert.deepEqual((await served.ask('GET', '/v1/announcements')).json(), { announcements });
    });

    it('gives an empty list as one', async () => {
      served.house.table.clear();
      assert.deepEqual((await served.ask('GET', '/v1/services')).json(), { services: [] });
      assert.deepEqual((await served.ask('GET', '/v1/announcements')).json(), { announcements: [] });
    });

    it('gives pages, each with the way to the next', async () => {
      served.house.table.set('shop/zoo', service('shop/zoo'));
      const first = (await served.ask('GET', '/v1/services?limit=1')).json();
      assert.deepEqual(first, { services: [service('shop/web')], next: '1' });
      const second = (await served.ask('GET', '/v1/services?limit=1&after=1')).json();
      assert.deepEqual(second, { services: [service('shop/zoo')] });
    });

    it('refuses a limit that is none and a cursor that it never gave', async () => {
      for (const query of ['limit=0', 'limit=ten', 'limit=-1', 'after=elsewhere', 'limit=1&after=elsewhere']) {
        const { status } = await served.ask('GET', `/v1/services?${query}`);
        assert.equal(status, 400, query);
      }
    });

    it('answers HEAD as GET, without the body', async () => {
      const { status, text } = await served.ask('HEAD', '/v1/status');
      assert.deepEqual({ status, text }, { status: 200, text: '' });
    });
  });

  describe('writing', () => {
    const entry = { addresses: ['203.0.113.10'] };

    it('hands the entry, its owner and the force to the house, and gives the service back', async () => {
      const reply = await served.ask('PUT', `${web}?owner=ops&force=true`, JSON.stringify(entry));
      assert.equal(reply.status, 200);
      assert.deepEqual(served.house.written, [['cli', 'shop/new', entry, { owner: 'ops', force: true }]]);
      const written = service('shop/new', { source: 'cli', owner: 'ops', warnings: ['labels: odd'] });
      assert.deepEqual(reply.json(), written);
    });

    it('answers an identical write alike', async () => {
      const first = await served.ask('PUT', web, JSON.stringify(entry));
      const second = await served.ask('PUT', web, JSON.stringify(entry));
      const { warnings: _, ...written } = first.json();
      assert.deepEqual([second.status, second.json()], [200, { ...written, warnings: [] }]);
    });

    it('reads names as URLs write them', async () => {
      await served.ask('PUT', '/v1/sources/cli/services/caf%C3%A9/a%20b%2Fc%3F', '{}');
      assert.equal(served.house.written[0]?.[1], 'café/a b/c?');
    });

    it('removes an entry, once', async () => {
      await served.ask('PUT', web, JSON.stringify(entry));
      const { status, text } = await served.ask('DELETE', web);
      assert.deepEqual([status, text], [200, '{}']);
      assert.equal((await served.ask('DELETE', web)).status, 404);
    });

    it('says where a service comes from that the source does not have', async () => {
      const { status, ...reply } = await served.ask('DELETE', '/v1/sources/cli/services/shop/web');
      assert.equal(status, 404);
      assert.match(String(reply.json()['detail']), /shop\/web.*static/);
    });

    const refusals = [
      { refusal: { failure: 'noSuchSource' }, status: 404, extra: {} },
      { refusal: { failure: 'notWritable', message: 'a file' }, status: 409, extra: { detail: 'a file' } },
      { refusal: { failure: 'noSuchService', name: 'shop/new' }, status: 404, extra: {} },
      {
        refusal: { failure: 'invalid', name: undefined, problems: ['addresses[0]: no'] },
        status: 422,
        extra: { problems: ['addresses[0]: no'] },
      },
      {
        refusal: { failure: 'otherOwner', name: 'shop/new', owner: 'team-b' },
        status: 409,
        extra: { owner: 'team-b' },
      },
      { refusal: { failure: 'refused', message: 'too many' }, status: 409, extra: { detail: 'too many' } },
      { refusal: { failure: 'full', message: 'no more' }, status: 507, extra: { detail: 'no more' } },
      { refusal: { failure: 'notStored', message: 'no room' }, status: 507, extra: {} },
    ] as const;
    for (const { refusal, status, extra } of refusals)
      it(`answers ${status} to a write that comes to ${refusal.failure}`, async () => {
        served.house.refusal = refusal;
        for (const reply of [await served.ask('PUT', web, '{}'), await served.ask('DELETE', web)]) {
          assert.equal(reply.headers['content-type'], 'application/problem+json');
          const { status: said, code, title, ...rest } = reply.json();
          assert.deepEqual({ http: reply.status, said, code }, { http: status, said: status, code: refusal.failure });
          assert.equal(typeof title, 'string');
          for (const [key, value] of Object.entries(extra)) assert.deepEqual(rest[key], value);
        }
      });

    it('says of JSON that is none what is wrong, and hands nothing on', async () => {
      const reply = await served.ask('PUT', web, '{"addresses": [');
      assert.deepEqual([reply.status, reply.json()['code']], [400, 'notJson']);
      assert.deepEqual(served.house.written, []);
    });

    it('does not take a misspelt parameter for none', async () => {
      const reply = await served.ask('PUT', `${web}?forse=true`, '{}');
      assert.equal(reply.status, 400);
      assert.match(String(reply.json()['detail']), /forse.*did you mean force/);
      assert.equal((await served.ask('PUT', `${web}?force=yes`, '{}')).status, 400);
      assert.deepEqual(served.house.written, []);
    });

    it('leaves one line in the log for each write, with what came of it', async () => {
      await served.ask('PUT', `${web}?owner=ops`, '{}');
      await served.ask('PUT', `${web}?owner=ops`, '{}');
      served.house.refusal = { failure: 'otherOwner', name: 'shop/new', owner: 'team-b' };
      await served.ask('DELETE', `${web}?owner=ops`);
      const said = served.log.lines.map(({ level, event, fields: { method, target, owner, result } }) => ({
        level,
        event,
        said: [method, target, owner, result].join(' '),
      }));
      assert.deepEqual(said, [
        { level: 'info', event: 'apiWrite', said: 'PUT /v1/sources/cli/services/shop/new ops done' },
        { level: 'debug', event: 'apiWrite', said: 'PUT /v1/sources/cli/services/shop/new ops unchanged' },
        { level: 'warn', event: 'apiWrite', said: 'DELETE /v1/sources/cli/services/shop/new ops otherOwner' },
      ]);
    });

    it('has what was written in that line', async () => {
      await served.ask('PUT', web, JSON.stringify(entry));
      await served.ask('PUT', '/v1/sources/cli/services', '{}');
      const [put, table] = served.log.lines.map(({ fields }) => fields);
      assert.equal(put?.['entry'], '{"name":"shop/new"}');
      assert.deepEqual([table?.['services'], table?.['added'], table?.['removed']], [1, 1, 0]);
    });

    it('does not fill the log with one refusal, however often it is asked for', async () => {
      served.house.refusal = { failure: 'otherOwner', name: 'shop/new', owner: 'team-b' };
      for (let i = 0; i < 100; i++) await served.ask('PUT', `${web}?owner=ops`, '{}');
      const warned = served.log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields['times']);
      assert.deepEqual(warned, [undefined, 2, 4, 8, 16, 32, 64]);
      await served.ask('PUT', `${web}?owner=dev`, '{}');
      assert.equal(served.log.lines.at(-1)?.level, 'warn', 'of another it is another');
    });

    it('writes nothing of a client into the log that a terminal would obey', async () => {
      await served.ask('PUT', '/v1/sources/cli/services/a/%1b%5b2J%0afaked', '{}');
      assert.doesNotMatch(JSON.stringify(served.log.lines), /\\u001b|\\n/);
    });
  });

  describe('commands', () => {
    it('drains for as long as it is told, and answers with how far that has come', async () => {
      for (const body of [undefined, '{}', '{"for":"1m30s","wait":false}', '{"for":"0s","wait":true}']) {
        const reply = await served.ask('POST', '/v1/drain', body);
        assert.deepEqual([reply.status, reply.json()], [200, served.house.drainResult]);
      }
      assert.deepEqual(
        served.house.drains.map(({ forMs, wait }) => [forMs, wait]),
        [
          [30_000, true],
          [30_000, true],
          [90_000, false],
          [0, true],
        ],
      );
    });

    it('refuses a drain that is none', async () => {
      for (const [body, status] of [
        ['{"for":30}', 400],
        ['{"for":"30"}', 400],
        ['{"for":"25h"}', 400],
        ['{"wait":"no"}', 422],
        ['{"until":"30s"}', 422],
        ['[]', 422],
      ] as const)
        assert.deepEqual([body, (await served.ask('POST', '/v1/drain', body)).status], [body, status]);
      assert.deepEqual(served.house.drains, []);
    });

    it('tells whoever waits for a drain that it was called off, and why', async () => {
      served.house.drainResult = { calledOff: 'undrained' };
      const undrained = await served.ask('POST', '/v1/drain');
      assert.deepEqual([undrained.status, undrained.json()['code']], [409, 'undrained']);
      served.house.drainResult = { calledOff: 'stopping' };
      assert.equal((await served.ask('POST', '/v1/drain')).status, 503);
    });

    it('undrains as often as anybody likes', async () => {
      for (const result of ['done', 'unchanged']) {
        const reply = await served.ask('POST', '/v1/undrain');
        assert.deepEqual([reply.status, reply.json()], [200, {}]);
        assert.equal(served.log.lines.at(-1)?.fields['result'], result);
      }
    });

    it('reloads, and hands on what the configuration is warned of', async () => {
      served.house.reloadResult = { kind: 'done', warnings: ['herald.yaml:3:1: warning: l2Advertisements: later'] };
      for (const body of [undefined, '', '{}']) {
        const reply = await served.ask('POST', '/v1/reload', body);
        assert.deepEqual([reply.status, reply.json()], [200, { warnings: served.house.reloadResult.warnings }]);
      }
    });

    it('names every problem of a configuration that is refused', async () => {
      served.house.reloadResult = {
        kind: 'refused',
        onlyRevocations: false,
        problems: ['herald.yaml:1:1: a', 'herald.yaml:2:1: b'],
      };
      const reply = await served.ask('POST', '/v1/reload');
      assert.deepEqual([reply.status, reply.json()['problems']], [422, served.house.reloadResult.problems]);
    });

    it('says by its code that nothing but revocations is in the way, and accepts them when asked', async () => {
      served.house.reloadResult = {
        kind: 'refused',
        onlyRevocations: true,
        problems: ['shop/web would lose its address'],
      };
      const reply = await served.ask('POST', '/v1/reload');
      assert.deepEqual([reply.status, reply.json()['code']], [422, 'revocationsRefused']);
      await served.ask('POST', '/v1/reload', '{"acceptRevocations": true}');
      assert.deepEqual(served.house.reloads, [{ acceptRevocations: false }, { acceptRevocations: true }]);
    });

    it('does not promise what it cannot do', async () => {
      const reply = await served.ask('POST', '/v1/reload', '{"confirmAfter":"60s"}');
      assert.equal(reply.status, 422);
      assert.match(String(reply.json()['detail']), /confirmAfter/);
    });

    const wayBack = {
      confirmBefore: '2026-01-02T03:05:05.000Z',
      fallback: { loadedAt: '2026-01-02T03:04:05.000Z' },
    };

    it('reloads for a while, and says until when, and what comes back then', async () => {
      served.house.reloadResult = { kind: 'done', warnings: [], wayBack };
      for (const [confirmWithin, confirmWithinSeconds] of [
        ['60s', 60],
        ['1s', 1],
        ['1m30s', 90],
        ['1h', 3600],
      ] as const) {
        const { status, ...reply } = await served.ask('POST', '/v1/reload', JSON.stringify({ confirmWithin }));
        assert.deepEqual([status, reply.json()], [200, { warnings: [], ...wayBack }]);
        assert.deepEqual(served.house.reloads.at(-1), { acceptRevocations: false, confirmWithinSeconds });
      }
    });

    it('refuses a time to confirm that is none, or that is too short or too long', async () => {
      for (const confirmWithin of ['', '60', 60, '999ms', '1h1s', '-5s', 'soon', null, ['60s'], '9'.repeat(40)]) {
        const reply = await served.ask('POST', '/v1/reload', JSON.stringify({ confirmWithin }));
        assert.deepEqual([reply.status, reply.json()['code']], [400, 'badDuration'], String(confirmWithin));
        assert.match(String(reply.json()['detail']), /confirmWithin must be 1s to 1h/);
      }
      assert.deepEqual(served.house.reloads, []);
    });

    it('confirms, or says why there is nothing to confirm', async () => {
      const kept = await served.ask('POST', '/v1/confirm');
      assert.deepEqual([kept.status, kept.json()], [200, {}]);
      for (const confirmation of ['nothingToConfirm', 'tooLate'] as const) {
        served.house.confirmation = confirmation;
        const reply = await served.ask('POST', '/v1/confirm');
        assert.deepEqual([reply.status, reply.json()['code']], [409, confirmation]);
      }
    });

    it('lets a controller say which member of the election is there', async () => {
      assert.equal((await served.ask('POST', '/v1/members/node-b', '{"alive":false}')).status, 200);
      assert.equal(served.house.memberBodies[1]?.alive, false);
      assert.equal((await served.ask('POST', '/v1/members/node-z', '{"alive":false}')).status, 404);
      for (const body of ['{}', '{"alive":"no"}', '[]', '{"alive":true,"dead":false}', 'null'])
        assert.equal((await served.ask('POST', '/v1/members/node-b', body)).status, 422, body);
    });

    describe('to one peer', () => {
      const tell = (what: string, body?: string) => served.ask('POST', `/v1/peers/${what}`, body);

      it('reset, refresh, disable and enable it, and answer with the peer as it is then', async () => {
        for (const verb of ['reset', 'refresh', 'disable', 'enable']) {
          const reply = await tell(`tor-1/${verb}`);
          assert.deepEqual([verb, reply.status, reply.json()], [verb, 200, served.house.peerBodies[0]]);
          assert.equal(reply.json()['adminState'], verb === 'disable' ? 'disabled' : 'enabled');
        }
        assert.deepEqual(served.house.commands, ['reset tor-1', 'refresh tor-1', 'disable tor-1', 'enable tor-1']);
      });

      it('may be repeated, and then change nothing', async () => {
        for (const verb of ['disable', 'disable', 'enable', 'enable'])
          assert.equal((await tell(`tor-1/${verb}`)).status, 200);
        assert.deepEqual(served.house.commands, ['disable tor-1', 'enable tor-1']);
        assert.deepEqual(
          served.log.lines.map(({ level, fields }) => `${level} ${fields['result']}`),
          ['info done', 'debug unchanged', 'info done', 'debug unchanged'],
        );
      });

      it('hand on what its operator is to be told, and log it', async () => {
        await tell('tor-1/reset', '{"message": "stuck"}');
        await tell('tor-1/disable', '{"message": "Wartung für 5 min"}');
        assert.deepEqual(served.house.commands, ['reset tor-1 stuck', 'disable tor-1 Wartung für 5 min']);
        assert.deepEqual(
          served.log.lines.map(({ fields }) => fields['message']),
          ['stuck', 'Wartung für 5 min'],
        );
      });

      it('refuse a message that RFC 9003 has no room for, or that a terminal would obey', async () => {
        const bad = ['x'.repeat(256), 'ä'.repeat(128), 'two\nlines', '\u001b[2J', '\ud800', 7, null, ['x']];
        for (const message of bad) {
          const reply = await tell('tor-1/disable', JSON.stringify({ message }));
          assert.deepEqual([message, reply.status], [message, 422]);
          assert.match(String(reply.json()['detail']), /^message /);
        }
        for (const body of ['[]', '"bye"', '{"massage": "bye"}'])
          assert.equal((await tell('tor-1/disable', body)).status, 422, body);
        assert.deepEqual(served.house.commands, []);
        assert.equal((await tell('tor-1/disable', JSON.stringify({ message: 'ä'.repeat(127) }))).status, 200);
      });

      it('are refused where the configuration keeps it down, with what to edit', async () => {
        served.house.peerBodies = [peer('tor-1', { adminState: 'shutdown', shutdown: true, state: 'Idle' })];
        for (const verb of ['enable', 'reset', 'refresh']) {
          const reply = await tell(`tor-1/${verb}`);
          assert.deepEqual([verb, reply.status, reply.json()['code']], [verb, 409, 'shutDown']);
          assert.match(String(reply.json()['detail']), /`shutdown: true`.*herald\.yaml.*reload/);
        }
      });

      it('are refused where it is disabled and would have to be up, with what to do', async () => {
        await tell('tor-1/disable');
        for (const verb of ['reset', 'refresh']) {
          const reply = await tell(`tor-1/${verb}`);
          assert.deepEqual([verb, reply.status, reply.json()['code']], [verb, 409, 'disabled']);
          assert.match(String(reply.json()['detail']), /herald peers enable/);
        }
      });

      it('are 404 where there is none of that name', async () => {
        for (const verb of ['enable', 'disable', 'reset', 'refresh'])
          assert.equal((await tell(`tor-9/${verb}`)).status, 404, verb);
      });
    });
  });

  describe('what is not there', () => {
    it('is 404 for an unknown path, peer or service', async () => {
      const paths = ['/', '/v2/status', '/v1/status/', '/v1/peers/tor-9', '/v1/services/shop/nix', '/v1/services/web'];
      for (const path of paths) {
        const reply = await served.ask('GET', path);
        assert.deepEqual([path, reply.status, reply.json()['status']], [path, 404, 404]);
      }
    });

    it('is 405 for a method that a path does not have, and says which it has', async () => {
      const reply = await served.ask('POST', web, '{}');
      assert.deepEqual([reply.status, reply.headers.allow], [405, 'DELETE, PUT']);
      assert.equal((await served.ask('DELETE', '/v1/status')).headers.allow, 'GET, HEAD');
      assert.equal((await served.ask('PUT', '/openapi.json')).status, 405);
    });
  });

  it('owns up to its own faults without telling clients its inside', async () => {
    served.house.fault = new Error('the cellar is flooded');
    const reply = await served.ask('GET', '/v1/status');
    assert.deepEqual([reply.status, reply.headers['content-type']], [500, 'application/problem+json']);
    assert.doesNotMatch(reply.text, /cellar/);
    assert.match(JSON.stringify(served.log.lines), /cellar/);
  });
});
