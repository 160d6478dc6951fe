// From the target of a request to the row of the table that answers it, and what the target says: the names in its path,
// the parameters behind it. Matching is hono's; its Request objects are left out, which cost more than a whole change of a
// route. RFC 3986 §3.3 and §3.4, RFC 9110 §7.1.

import { RegExpRouter } from 'hono/router/reg-exp-router';
import { CallError } from './problem-answer.js';
import type { Route } from './route.js';

type Names = Readonly<Record<string, string>>;

export interface Target {
  /** Percent-encoded, as it came. */
  readonly path: string;
  readonly query: Names;
}

/** A path that somebody answers. */
export interface Found {
  /** As OpenAPI writes it. */
  readonly path: string;
  readonly names: Names;
  readonly rows: ReadonlyMap<string, Route>;
}

interface Pattern {
  readonly path: string;
  readonly rows: Map<string, Route>;
}

const unreadable = (): CallError => new CallError(400, 'badRequest', 'the path of the request cannot be read');

const nothing: Names = {};

/** Of the request line: a path, or a whole URL whose host says nothing here. */
export function readTarget(url: string): Target {
  const local = url.startsWith('/') ? url : pathOf(url);
  const mark = local.indexOf('?');
  if (mark < 0) return { path: local, query: nothing };
  // The first of several with one name.
  const query = Object.fromEntries([...new URLSearchParams(local.slice(mark + 1))].reverse());
  return { path: local.slice(0, mark), query };
}

function pathOf(url: string): string {
  try {
    const { pathname, search } = new URL(url);
    return pathname + search;
  } catch {
    throw unreadable();
  }
}

/** One method for all: which there are for a path is for whoever asks to know. */
const anyMethod = 'ALL';

export class Router {
  readonly #router = new RegExpRouter<Pattern>();

  constructor(routes: readonly Route[]) {
    const byPath = new Map<string, Pattern>();
    for (const route of routes) {
      let pattern = byPath.get(route.path);
      if (pattern === undefined) {
        pattern = { path: route.path, rows: new Map() };
        byPath.set(route.path, pattern);
        this.#router.add(anyMethod, route.path.replaceAll(/\{(\w+)\}/g, ':$1'), pattern);
      }
      pattern.rows.set(route.method.toUpperCase(), route);
    }
  }

  find(path: string): Found | undefined {
    const [found, stash] = this.#router.match(anyMethod, path);
    const [first] = found;
    if (first === undefined) return undefined;
    const [pattern, places] = first;
    const names: Record<string, string> = {};
    for (const [name, place] of Object.entries(places))
      names[name] = decoded(typeof place === 'number' ? (stash?.[place] ?? '') : place);
    return { path: pattern.path, names, rows: pattern.rows };
  }
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable();
  }
}
