// Where one is in a list that is read a page at a time: the cursors that led here, so that there is a way back.

export interface Place {
  /** `after` of every page up to this one; the first page has none. */
  readonly trail: readonly string[];
}

export const firstPage: Place = { trail: [] };

export const forward = ({ trail }: Place, next: string): Place => ({ trail: [...trail, next] });
export const back = ({ trail }: Place): Place => ({ trail: trail.slice(0, -1) });
export const pageNumber = ({ trail }: Place): number => trail.length + 1;

export type Query = Readonly<Record<string, string>>;

/** What is empty is not asked for. */
export function listPath(list: string, query: Query, { trail }: Place, limit: number): string {
  const asked = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(query)) if (value !== '') asked.set(name, value);
  const after = trail.at(-1);
  if (after !== undefined) asked.set('after', after);
  return `/v1/${list}?${asked}`;
}
