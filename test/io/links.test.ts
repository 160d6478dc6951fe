import assert from 'node:assert/strict';
import { type LinkNews, type LinkWatch, watchLinks } from '../../src/io/links.js';
import type { NativeNetlinkOptions } from '../../src/io/native.js';
import type { Link } from '../../src/l2/link.js';
import { readMessages } from '../../src/l2/netlink.js';
import { linkFacts } from '../l2/given.js';
import { linkHeader, message, newLink } from '../l2/netlink-fixtures.js';

const appears = (name: string, index: number): Uint8Array => newLink(linkFacts(index, name));
const goes = (index: number): Uint8Array => message(17, linkHeader(0, 1, index, 0));

/** A kernel of which the test says what it tells, and when it answers. */
class FakeKernel implements LinkNews {
  events: NativeNetlinkOptions | undefined;
  isClosed = false;
  readonly questions: { answer(...messages: readonly Uint8Array[]): void; refuse(reason: string): void }[] = [];
  timesAsked = 0;

  listen(options: NativeNetlinkOptions) {
    this.events = options;
    return {
      close: () => {
        this.isClosed = true;
      },
    };
  }

  dump() {
    this.timesAsked++;
    return new Promise<ReturnType<typeof readMessages>>((resolve, reject) => {
      this.questions.push({
        answer: (...messages) => resolve(readMessages(Buffer.concat(messages))),
        refuse: (reason) => reject(new Error(reason)),
      });
    });
  }

  /** Answers the next question that was asked. */
  answer(...messages: readonly Uint8Array[]): void {
    this.questions.shift()!.answer(...messages);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Watching interfaces', () => {
  let kernel: FakeKernel;
  let heard: string[][];
  let logged: string[];
  const names = (links: readonly Link[]): string[] => links.map(({ name }) => name);

  const begin = (): Promise<LinkWatch> =>
    watchLinks((links) => heard.push(names(links)), { write: (_level, event) => logged.push(event) }, kernel);

  beforeEach(() => {
    kernel = new FakeKernel();
    heard = [];
    logged = [];
  });

  it('listens before it asks, so that nothing falls between', async () => {
    const began = begin();
    kernel.events!.received(appears('eth1', 3));
    await turn();
    assert.deepEqual(heard, []);
    kernel.answer(appears('eth0', 2));
    assert.deepEqual(names((await began).links()), ['eth0', 'eth1']);
    assert.deepEqual(heard, []);
  });

  it('tells of many changes once', async () => {
    const began = begin();
    kernel.answer(appears('eth0', 2));
    await began;
    kernel.events!.received(Buffer.concat([appears('eth1', 3), appears('eth2', 4)]));
    kernel.events!.received(goes(3));
    await turn();
    assert.deepEqual(heard, [['eth0', 'eth2']]);
    kernel.events!.received(appears('eth0', 2));
    await turn();
    assert.equal(heard.length, 1, 'an event that changes nothing is none');
  });

  it('asks for everything when events were lost, and goes on hearing events meanwhile', async () => {
    const began = begin();
    kernel.answer(appears('eth0', 2), appears('eth1', 3));
    await began;
    kernel.events!.lost();
    kernel.events!.received(appears('eth7', 9));
    await turn();
    assert.deepEqual(heard, [['eth0', 'eth1', 'eth7']]);
    kernel.answer(appears('eth0', 2), appears('eth5', 6));
    await turn();
    await turn();
    assert.deepEqual(heard.at(-1), ['eth0', 'eth5', 'eth7']);
    assert.deepEqual(logged, ['linkEventsLost']);
  });

  it('asks again when events were lost while it asked', async () => {
    const began = begin();
    kernel.events!.lost();
    kernel.answer(appears('eth0', 2));
    await turn();
    assert.equal(kernel.timesAsked, 2);
    kernel.answer(appears('eth0', 2), appears('eth1', 3));
    assert.deepEqual(names((await began).links()), ['eth0', 'eth1']);
  });

  it('asks again when what it hears makes no sense', async () => {
    const began = begin();
    kernel.answer(appears('eth0', 2));
    await began;
    kernel.events!.received(new Uint8Array(16));
    kernel.answer(appears('eth1', 3));
    await turn();
    await turn();
    assert.deepEqual(heard, [['eth1']]);
  });

  it('does not begin where the kernel cannot be asked, and leaves nothing open', async () => {
    const began = begin();
    kernel.questions[0]!.refuse('no netlink here');
    await assert.rejects(began, /no netlink here/);
    assert.equal(kernel.isClosed, true);
  });

  it('tells nothing after it was closed', async () => {
    const began = begin();
    kernel.answer(appears('eth0', 2));
    const watch = await began;
    kernel.events!.received(appears('eth1', 3));
    watch.close();
    await turn();
    assert.deepEqual(heard, []);
    assert.equal(kernel.isClosed, true);
  });
});
