import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { EventRing, type HouseEvent } from '../../src/api/event-ring.js';
import { type ApiServer, serveApi } from '../../src/api/server.js';
import { FakeHouse, quietLog } from '../api/fake-house.js';
import { plainWindows, temporaryDirectory } from '../api/served.js';
import { eventually } from '../interop/eventually.js';
import { type Outcome, type } from './operator.js';

const happened = (event: string, changes: Partial<HouseEvent> = {}): HouseEvent => ({
  at: new Date('2026-01-02T03:04:05.678Z'),
  level: 'info',
  event,
  message: `it was ${event}`,
  fields: { peer: 'tor-1' },
  ...changes,
});

describe('herald events', () => {
  const directory = temporaryDirectory();
  const socket = join(directory, 'herald.sock');
  let ring: EventRing;
  let server: ApiServer;

  async function open(began: number): Promise<void> {
    ring = new EventRing(began);
    server = await serveApi(new FakeHouse(), socket, quietLog, plainWindows({ events: ring }));
  }

  async function close(): Promise<void> {
    ring.close();
    await server.close();
  }

  beforeEach(() => open(5001));
  afterEach(close);
  after(() => rmSync(directory, { recursive: true }));

  const ask = (...words: readonly string[]): Promise<Outcome> => type(['events', ...words, '--socket', socket]);

  it('has a line for each that is held, and ends', async () => {
    assert.deepEqual(await ask(), { code: 0, out: '', err: '' });
    ring.add(happened('sessionUp'));
    ring.add(happened('sessionDown', { level: 'warn', message: 'a\nb' }));
    assert.deepEqual(await ask(), {
      code: 0,
      out: `2026-01-02 03:04:05 UTC  info   sessionUp         it was sessionUp
2026-01-02 03:04:05 UTC  warn   sessionDown       a?b
`,
      err: '',
    });
  });

  it('has with --json an object for each, whose id is where --since begins', async () => {
    for (const event of ['one', 'two', 'three']) ring.add(happened(event));
    const { out } = await ask('--json');
    const all = out
      .trimEnd()
      .split('\n')
      .map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
    assert.deepEqual(all[1], {
      id: 5002,
      at: '2026-01-02T03:04:05.678Z',
      level: 'info',
      event: 'two',
      message: 'it was two',
      fields: { peer: 'tor-1' },
    });
    assert.match((await ask('--since', '5002')).out, /^\S+ \S+ UTC {2}info {3}three {13}it was three\n$/);
    assert.equal((await ask('--since', 'yesterday')).code, 64);
  });

  it('says how many are no longer held', async () => {
    for (let i = 0; i < 1030; i++) ring.add(happened('filler'));
    assert.match(
      (await ask('--since', '5001')).out,
      /^\S+ \S+ UTC {2}warn {3}missed {12}5 events are no longer held\n/,
    );
  });

  it('needs a daemon', async () => {
    assert.equal((await type(['events', '--follow', '--socket', join(directory, 'none.sock')])).code, 69);
  });

  it('follows over a restart of the daemon until it is interrupted', async () => {
    let out = '';
    let err = '';
    const interrupted = new AbortController();
    ring.add(happened('before'));
    const following = type(['events', '--follow', '--socket', socket], {
      looks: Number.POSITIVE_INFINITY,
      untilInterrupted: () => interrupted.signal,
      write: (text) => {
        out += text;
      },
      complain: (text) => {
        err += text;
      },
      between: () => new Promise((resolve) => setTimeout(resolve, 5)),
    });
    const told = (): string[] => Array.from(out.matchAll(/ it was (\w+)\n/g), ([, word = '']) => word);
    await eventually(told, (words) => assert.deepEqual(words, ['before']));
    ring.add(happened('now'));
    await eventually(told, (words) => assert.deepEqual(words, ['before', 'now']));
    assert.equal(err, '');
    await close();
    await eventually(
      () => err,
      (text) => assert.equal(text, 'herald: it has gone away; waiting until it answers again\n'),
    );
    await open(9001);
    ring.add(happened('start'));
    await eventually(told, (words) => assert.deepEqual(words, ['before', 'now', 'start']));
    assert.match(err, /herald: it answers again\n$/);
    interrupted.abort();
    assert.equal((await following).code, 0);
  });
});
