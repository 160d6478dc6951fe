// The main thread's end of the BGP thread: starts it, hands it routes without copying, asks it for its status.

import type { Worker } from 'node:worker_threads';
import type {
  FromSpeaker,
  PeerCommand,
  SpeakerSettings,
  SpeakerStatus,
  ToBgpThread,
  ToSpeaker,
} from '../bgp/protocol.js';
import type { RouteAttributes } from '../config/config.js';
import type { Family } from '../net/address.js';
import type { RoutePort } from '../plan/announcer.js';
import type { RouteBatch } from '../plan/route-batch.js';

export interface BgpThreadEvents {
  log(message: Extract<FromSpeaker, { kind: 'log' }>): void;
  transition(message: Extract<FromSpeaker, { kind: 'transition' }>): void;
  /** What tableLoaded() closed has been told to the sessions that are up. */
  tableTold(): void;
  /** It ended without being asked to: a fault of ours. */
  crashed(error: Error): void;
}

/** A hung thread is a fault, but the API must answer. */
const answerPatienceMs = 5000;

const fewRows = 64;

type Post = (message: ToSpeaker, transfer?: ArrayBuffer[]) => void;

/** What is told a speaker: the one of the BGP thread, or that on its stage. */
export class SpeakerPort implements RoutePort {
  readonly #post: Post;

  constructor(post: Post) {
    this.#post = post;
  }

  configure(settings: SpeakerSettings): void {
    this.#post({ kind: 'configure', settings });
  }

  defineAttributes(sets: readonly { readonly id: number; readonly attributes: RouteAttributes }[]): void {
    this.#post({ kind: 'defineAttributes', sets });
  }

  changeRoutes({ view, ...columns }: RouteBatch, sinceMs?: number): void {
    const message: ToSpeaker = { kind: 'changeRoutes', view, columns, sinceMs };
    // To take memory from one thread to the other costs more than to copy a few octets.
    if (columns.count < fewRows) this.#post(message);
    else
      this.#post(message, [columns.words.buffer, columns.lengths.buffer, columns.attributes.buffer] as ArrayBuffer[]);
  }

  withdrawAll(view: number, family: Family, sinceMs?: number): void {
    this.#post({ kind: 'withdrawAll', view, family, sinceMs });
  }

  forgetAttributes(ids: readonly number[]): void {
    if (ids.length > 0) this.#post({ kind: 'forgetAttributes', ids });
  }

  dropView(view: number): void {
    this.#post({ kind: 'dropView', view });
  }

  tableLoaded(): void {
    this.#post({ kind: 'tableLoaded' });
  }

  command(peer: string, command: PeerCommand): void {
    this.#post({ kind: 'command', peer, command });
  }

  tell(message: ToSpeaker): void {
    this.#post(message);
  }
}

export class BgpThread extends SpeakerPort {
  readonly #worker: Worker;
  readonly #questions = new Map<number, (status: SpeakerStatus) => void>();
  readonly #ended: Promise<void>;
  #asked = 0;
  #asking: Promise<SpeakerStatus> | undefined;
  #waiting: Promise<SpeakerStatus> | undefined;
  #stopping: boolean = false;

  constructor(worker: Worker, events: BgpThreadEvents) {
    super((message, transfer) => worker.postMessage(message, transfer));
    this.#worker = worker;
    this.#worker.on('message', (message: FromSpeaker) => {
      switch (message.kind) {
        case 'answer':
          this.#answer(message);
          break;
        case 'log':
          events.log(message);
          break;
        case 'transition':
          events.transition(message);
          break;
        case 'tableTold':
          events.tableTold();
          break;
      }
    });
    this.#worker.on('error', (error) => events.crashed(error));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        if (!this.#stopping) events.crashed(new Error(`the BGP thread ended with code ${code}`));
        resolve();
      });
    });
  }

  /** A speaker that nobody hears, until it is told to stop. */
  stage(): SpeakerPort {
    return new SpeakerPort((message, transfer) =>
      this.#worker.postMessage({ kind: 'rehearse', message } satisfies ToBgpThread, transfer),
    );
  }

  /** As it is now or a little later. However many ask, one question is under way, and one waits for its answer. */
  status(): Promise<SpeakerStatus> {
    if (this.#asking === undefined) {
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined;
      });
      return this.#asking;
    }
    const again = (): Promise<SpeakerStatus> => {
      this.#waiting = undefined;
      return this.status();
    };
    this.#waiting ??= this.#asking.then(again, again);
    return this.#waiting;
  }

  #ask(): Promise<SpeakerStatus> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        reject(new Error(`the BGP thread has not answered for ${answerPatienceMs} ms`));
      }, answerPatienceMs);
      this.#questions.set(id, (status) => {
        clearTimeout(timer);
        resolve(status);
      });
      this.tell({ kind: 'query', id });
    });
  }

  /** Resolves when every peer has been told, or after `patienceMs`. */
  async stop(text: string, keepRoutes: boolean, patienceMs: number): Promise<void> {
    this.#stopping = true;
    this.tell({ kind: 'stop', text, keepRoutes });
    const timer = setTimeout(() => void this.#worker.terminate(), patienceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #answer({ id, status }: Extract<FromSpeaker, { kind: 'answer' }>): void {
    this.#questions.get(id)?.(status);
    this.#questions.delete(id);
  }
}
