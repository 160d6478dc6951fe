// A client of a control socket: connects as soon as there is one, is kept open, and matches answers to questions in order.

import { connect, type Socket } from 'node:net';
import type { Program } from '../netns.js';

const patienceMs = 180_000;

/** The socket of a daemon that may not have made it yet. */
export async function connectPatiently(path: string, program: Program): Promise<Socket> {
  const untilMs = Date.now() + patienceMs;
  for (;;) {
    const socket = connect(path);
    const failure = await new Promise<Error | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('error', resolve);
    });
    if (failure === undefined) return socket;
    if (!program.running || Date.now() > untilMs) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Where the first answer in a text ends; undefined: not yet. */
type EndOf = (text: string) => number | undefined;

export class Control {
  readonly #socket: Socket;
  readonly #waiting: { answer(text: string): void; giveUp(error: Error): void }[] = [];

  private constructor(socket: Socket, endOf: EndOf) {
    this.#socket = socket;
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { giveUp } of this.#waiting) giveUp(new Error('the control connection was closed'));
    });
    socket.on('data', (piece: string) => {
      text += piece;
      for (let end = endOf(text); end !== undefined; end = endOf(text)) {
        this.#waiting.shift()?.answer(text.slice(0, end));
        text = text.slice(end);
      }
    });
  }

  static async connect(path: string, program: Program, endOf: EndOf): Promise<Control> {
    return new Control(await connectPatiently(path, program), endOf);
  }

  ask(question: string): Promise<string> {
    return new Promise((answer, giveUp) => {
      this.#waiting.push({ answer, giveUp });
      if (question !== '') this.#socket.write(question);
    });
  }

  /** Asks without waiting for the answer. */
  poke(question: string): void {
    this.#waiting.push({ answer: () => {}, giveUp: () => {} });
    this.#socket.write(question);
  }

  /** What is said without being asked, such as a greeting. */
  hear(): Promise<string> {
    return this.ask('');
  }

  close(): void {
    this.#socket.destroy();
  }
}
