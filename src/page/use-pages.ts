// A list read a page at a time, and read again whenever what is asked for changes, or herald does.

import { useEffect, useState } from 'preact/hooks';
import {
  type AnnouncementPage,
  rowsPerPage,
  type ServiceAnnouncementBody,
  type ServiceBody,
  type ServicePage,
} from './api.js';
import { ask } from './ask.js';
import { firstPage, listPath, type Place, type Query } from './pages.js';
import type { View } from './view.js';

interface Rows {
  readonly services: readonly ServiceBody[];
  readonly announcements: readonly ServiceAnnouncementBody[];
  readonly next: string | undefined;
}

const noRows: Rows = { services: [], announcements: [], next: undefined };

/** The value once it has stood still. */
export function useSettled(value: string, milliseconds: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value === '' ? 0 : milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

export function usePages(list: View['list'], query: Query, generation: number) {
  const asked = `${list} ${JSON.stringify(query)}`;
  const [where, setWhere] = useState({ asked, place: firstPage });
  const place = where.asked === asked ? where.place : firstPage;
  const path = listPath(list, query, place, rowsPerPage);
  const [got, setGot] = useState({ list, path: '', rows: noRows, failure: '' });
  useEffect(() => {
    const call = new AbortController();
    ask<Partial<ServicePage & AnnouncementPage>>(path, call.signal).then(
      ({ services = [], announcements = [], next }) =>
        setGot({ list, path, rows: { services, announcements, next }, failure: '' }),
      (error: unknown) => {
        if (call.signal.aborted) return;
        const failure = error instanceof Error ? error.message : String(error);
        setGot((before) => ({ ...before, path, failure }));
      },
    );
    return () => call.abort();
  }, [list, path, generation]);
  return {
    rows: got.list === list ? got.rows : noRows,
    failure: got.failure,
    isBusy: got.path !== path,
    place,
    go: (next: Place) => setWhere({ asked, place: next }),
  };
}
