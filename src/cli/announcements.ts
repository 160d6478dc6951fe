// `herald announcements`: prefix by prefix, who is told, and who is not and why.

import type { ServiceAnnouncementBody } from '../api/house.js';
import type { Command } from './command.js';
import { read, readingOptions } from './reading.js';
import { cell, type Screen, table } from './table.js';
import { announcementState } from './words.js';

export const announcements: Command = {
  words: 'announcements',
  summary: 'What is announced to whom, prefix by prefix',
  options: readingOptions,
  examples: [
    ['herald announcements', ''],
    ['herald announcements | grep withheld', 'what is not, and why'],
  ],
  run: (given, world) => read('/v1/announcements', lines, given, world),
};

interface Body {
  readonly next?: string;
  readonly announcements: readonly ServiceAnnouncementBody[];
}

function lines({ announcements: all, next }: Body, screen: Screen): string[] {
  if (all.length === 0) return ['Nothing is announced, and nothing waits to be.'];
  return [
    ...table(
      [
        { heading: 'PREFIX', least: 18 },
        { heading: 'VIA', least: 8 },
        { heading: 'STATE' },
        { heading: 'SERVICE', least: 12 },
        { heading: 'REASON', least: 12 },
      ],
      all.map((announcement) => [
        cell(announcement.prefix),
        cell(announcement.via),
        announcementState(announcement),
        cell(announcement.service),
        cell(announcement.reason),
      ]),
      screen,
    ),
    ...(next === undefined ? [] : [`… and more rows of a bulk: GET /v1/announcements?after=${next}`]),
  ];
}
