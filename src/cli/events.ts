// `herald events`: what happened, a line each, oldest first; and with --follow what happens.

import { EventStream, type StreamEvent } from '../api/event-stream.js';
import { sanitised } from '../net/text.js';
import { listenToApi } from './client.js';
import type { Command } from './command.js';
import { CommandFailure, type ExitCode, exitCodes, usageFailure } from './exit.js';
import { json, socket } from './options.js';
import { cell, paint, type Screen, type Tone } from './table.js';
import { moment } from './words.js';
import type { World } from './world.js';

export const events: Command = {
  words: 'events',
  summary: 'What happened lately, and with --follow what happens',
  options: {
    follow: { type: 'boolean', summary: 'go on as it happens, over restarts of herald as well, until Ctrl-C' },
    since: { type: 'string', value: 'ID', summary: 'only what came after the event of this id, as --json gives it' },
    ...socket,
    json: { ...json.json, summary: 'one JSON object a line' },
  },
  examples: [
    ['herald events', 'the last 1,024'],
    ['herald events --follow', ''],
    ['herald events --follow --json | jq -r .event', 'for scripts'],
  ],
  run: async (given, world) => {
    const since = given.optionalText('since') ?? '0';
    if (!/^\d{1,16}$/.test(since))
      throw usageFailure('--since takes the id of an event, as herald events --json gives it');
    const isJson = given.flag('json');
    const show = (event: StreamEvent): void => world.write(`${isJson ? jsonLine(event) : line(event, world)}\n`);
    const listening: Listening = { socketPath: given.text('socket'), last: since, show };
    if (given.flag('follow')) return follow(listening, world);
    await listen(listening, '?follow=false', new AbortController().signal, () => {});
    return exitCodes.done;
  },
};

interface Listening {
  readonly socketPath: string;
  /** The id of the last event that was heard. */
  last: string;
  readonly show: (event: StreamEvent) => void;
}

const redialMs = 1000;

/** Over restarts of the daemon; but one must have been there. */
async function follow(listening: Listening, world: World): Promise<ExitCode> {
  const until = world.untilInterrupted();
  let isFirst = true;
  let isAway = false;
  const answered = (): void => {
    if (isAway) world.complain('herald: it answers again\n');
    isFirst = false;
    isAway = false;
  };
  for (;;) {
    try {
      await listen(listening, '', until, answered);
    } catch (error) {
      if (isFirst || !(error instanceof CommandFailure)) throw error;
    }
    if (until.aborted) return exitCodes.done;
    if (!isAway) world.complain('herald: it has gone away; waiting until it answers again\n');
    isAway = true;
    if (!(await world.pause(redialMs))) return exitCodes.done;
  }
}

/** Until the stream ends. `answered`: herald is there. */
async function listen(listening: Listening, query: string, until: AbortSignal, answered: () => void): Promise<void> {
  const headers = { 'last-event-id': listening.last };
  const stream = new EventStream();
  for await (const piece of listenToApi(listening.socketPath, `/v1/events${query}`, headers, until)) {
    answered();
    for (const event of stream.read(piece)) {
      listening.last = event.id;
      listening.show(event);
    }
  }
}

interface EventBody {
  /** RFC 3339. */
  readonly at: string;
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly event: string;
  readonly message: string;
}

function jsonLine({ id, data }: StreamEvent): string {
  const body: EventBody = JSON.parse(data);
  return JSON.stringify({ id: Number(id), ...body });
}

const tones: Readonly<Partial<Record<EventBody['level'], Tone>>> = { error: 'bad', warn: 'waiting' };

function line({ data }: StreamEvent, screen: Screen): string {
  const { at, level, event, message }: EventBody = JSON.parse(data);
  const grade = paint(cell(level.padEnd(5), tones[level]), screen);
  return `${paint(cell(moment(at), 'quiet'), screen)}  ${grade}  ${event.padEnd(16)}  ${sanitised(message, 4000)}`;
}
