// What all commands that only look have in common: ask, show the answer as JSON or for people, and with --watch again and
// again.

import { callApi } from './client.js';
import type { Given } from './command.js';
import { CommandFailure, type ExitCode, exitCodes } from './exit.js';
import { json, type Options, socket, watch } from './options.js';
import { cell, paint, type Screen } from './table.js';
import type { World } from './world.js';

export const readingOptions: Options = { ...socket, ...json, ...watch };

const watchIntervalMs = 1000;
const clearScreen = '\x1b[H\x1b[2J\x1b[3J';

/** `lines` shows a body of type T, which is what the API gives at `path`. */
export async function read<T>(
  path: string,
  lines: (body: T, screen: Screen) => readonly string[],
  given: Given,
  world: World,
): Promise<ExitCode> {
  const look = async (): Promise<string> => {
    const text = await callApi(given.text('socket'), 'GET', path);
    if (given.flag('json')) return `${text}\n`;
    const body: T = JSON.parse(text);
    return lines(body, world)
      .map((line) => `${line}\n`)
      .join('');
  };
  if (!given.flag('watch')) world.write(await look());
  else await lookOn(look, given.flag('json'), world);
  return exitCodes.done;
}

/** A daemon that goes away and comes back is watched all the same, but one must have been there. */
async function lookOn(look: () => Promise<string>, isJson: boolean, world: World): Promise<void> {
  for (let text = await look(); ; text = await look().catch(failureText)) {
    if (world.rows === undefined || isJson) world.write(text);
    else world.write(clearScreen + cropped(text, world.rows, world));
    if (!(await world.pause(watchIntervalMs))) return;
  }
}

function failureText(error: unknown): string {
  if (error instanceof CommandFailure) return `${error.message}\n`;
  throw error;
}

/** What does not fit would push the beginning off the screen. */
function cropped(text: string, rows: number, screen: Screen): string {
  const lines = text.trimEnd().split('\n');
  const room = Math.max(1, rows - 1);
  if (lines.length <= room) return `${lines.join('\n')}\n`;
  const hidden = lines.length - room + 1;
  return `${lines.slice(0, room - 1).join('\n')}\n${paint(cell(`… ${hidden} more lines`, 'quiet'), screen)}\n`;
}
