// One question to the API. What goes wrong is an Error whose message can be shown.

const patienceMs = 15_000;

/** There is no such thing in this herald: its part of the page is left out. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

export async function ask<T>(path: string, given?: AbortSignal): Promise<T> {
  const patience = AbortSignal.timeout(patienceMs);
  const signal = given === undefined ? patience : AbortSignal.any([given, patience]);
  const answer = await fetch(path, { signal, headers: { accept: 'application/json' }, cache: 'no-store' }).catch(
    (error: unknown) => {
      throw given?.aborted
        ? error
        : new Error(patience.aborted ? 'herald does not answer' : 'herald cannot be reached');
    },
  );
  if (answer.ok) return await answer.json();
  const said = await problemOf(answer);
  throw answer.status === 404 ? new NotThere(said) : new Error(said);
}

/** RFC 9457: `detail` is for people. */
async function problemOf(answer: Response): Promise<string> {
  const plain = `herald answered ${answer.status}`;
  if (!answer.headers.get('content-type')?.includes('json')) return plain;
  const body: unknown = await answer.json().catch(() => undefined);
  return typeof body === 'object' && body !== null && 'detail' in body && typeof body.detail === 'string'
    ? body.detail
    : plain;
}
