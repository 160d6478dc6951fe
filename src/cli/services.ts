// `herald services`: what the tables ask for and what became of it; or one service in full, with its reasons.

import type { ServiceBody } from '../api/house.js';
import { servicePath } from './client.js';
import type { Command } from './command.js';
import { read, readingOptions } from './reading.js';
import { cell, facts, type Screen, table } from './table.js';
import { announcementState, moment, serviceState } from './words.js';

export const services: Command = {
  words: 'services [name]',
  summary: 'The services of all tables, or one in full',
  positionals: { name: 'NAMESPACE/NAME, or NAME in the namespace default' },
  options: readingOptions,
  examples: [
    ['herald services', ''],
    ['herald services shop/web', 'where it is announced, and where not and why'],
  ],
  run: (given, world) => {
    const name = given.optionalText('name');
    return name === undefined
      ? read('/v1/services', list, given, world)
      : read(`/v1/services/${servicePath(name)}`, serviceDetail, given, world);
  },
};

function list({ services: all }: { readonly services: readonly ServiceBody[] }, screen: Screen): string[] {
  if (all.length === 0) return ['No services: the tables are empty.'];
  return table(
    [
      { heading: 'NAME', least: 12 },
      { heading: 'STATE' },
      { heading: 'SOURCE', least: 6 },
      { heading: 'ADDRESSES', least: 15 },
      { heading: 'ANNOUNCED', isNumber: true },
      { heading: 'REASON', least: 12 },
    ],
    all.map((service) => [
      cell(service.name),
      serviceState(service),
      cell(service.source),
      cell(addressesOf(service)),
      cell(announcedShare(service)),
      cell(service.reason === '' ? firstReason(service) : service.reason),
    ]),
    screen,
  );
}

const addressesOf = ({ addresses, prefixes }: ServiceBody): string =>
  prefixes === undefined ? addresses.join(' ') : `${prefixes} prefixes`;

/** Of what it has to announce, how much is: `2/2`. */
const announcedShare = ({ announcements }: ServiceBody): string =>
  announcements.length === 0
    ? ''
    : `${announcements.filter(({ state }) => state === 'announced').length}/${announcements.length}`;

const firstReason = ({ announcements }: ServiceBody): string =>
  announcements.find(({ reason }) => reason !== '')?.reason ?? '';

export function serviceDetail(service: ServiceBody, screen: Screen): string[] {
  const { announcements } = service;
  return [
    ...facts(
      [
        ['Service', service.name],
        ['State', serviceState(service)],
        ['Reason', service.reason],
        ['', service.message],
        ['Source', service.source],
        ['Owner', service.owner],
        ['Pool', service.pool],
        ['Addresses', addressesOf(service)],
        ['Since', moment(service.since)],
      ],
      screen,
    ),
    ...(announcements.length === 0
      ? []
      : [
          '',
          ...table(
            [
              { heading: 'PREFIX', least: 18 },
              { heading: 'VIA', least: 8 },
              { heading: 'PROTOCOL' },
              { heading: 'STATE' },
              { heading: 'REASON', least: 12 },
            ],
            announcements.map((announcement) => [
              cell(announcement.prefix),
              cell(announcement.via),
              cell(announcement.protocol),
              announcementState(announcement),
              cell(announcement.reason),
            ]),
            screen,
          ),
        ]),
  ];
}
