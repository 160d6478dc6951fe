// Where things stand in a JSON text (RFC 8259): only for texts in which something is wrong, because JSON.parse says
// neither line nor column. Total: it stops at the first fault and says what was expected there.

export interface JsonPlaces {
  /** The first fault; undefined when the text is JSON. */
  readonly fault: { readonly offset: number; readonly message: string } | undefined;
  /** Offsets of values by path, `ports[0].port`; the text itself is ''. */
  readonly values: ReadonlyMap<string, number>;
}

const maxDepth = 200;

class Fault {
  readonly offset: number;
  readonly message: string;

  constructor(offset: number, message: string) {
    this.offset = offset;
    this.message = message;
  }
}

export function jsonPlaces(text: string): JsonPlaces {
  const walk = new Walk(text);
  try {
    walk.value('', 0);
    walk.end();
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { fault: { offset: fault.offset, message: fault.message }, values: walk.values };
  }
  return { fault: undefined, values: walk.values };
}

class Walk {
  readonly values = new Map<string, number>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(path: string, depth: number): void {
    this.#take(/[ \t\r\n]*/y);
    this.values.set(path, this.#at);
    if (depth > maxDepth) throw new Fault(this.#at, `nested more than ${maxDepth} levels deep`);
    const first = this.#text[this.#at];
    if (first === '{') this.#members(path, depth);
    else if (first === '[') this.#items(path, depth);
    else if (first === '"') this.#string();
    else if (
      this.#take(/(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-])/y) === undefined
    )
      throw this.#unexpected('a value');
  }

  end(): void {
    this.#take(/[ \t\r\n]*/y);
    if (this.#at < this.#text.length) throw this.#unexpected('the end');
  }

  #members(path: string, depth: number): void {
    this.#at++;
    if (this.#is(/\}/y)) return;
    do {
      this.#take(/[ \t\r\n]*/y);
      const key = this.#string();
      if (!this.#is(/:/y)) throw this.#unexpected("':'");
      this.value(path === '' ? key : `${path}.${key}`, depth + 1);
    } while (this.#is(/,/y));
    if (!this.#is(/\}/y)) throw this.#unexpected("',' or '}'");
  }

  #items(path: string, depth: number): void {
    this.#at++;
    if (this.#is(/\]/y)) return;
    let index = 0;
    do this.value(`${path}[${index++}]`, depth + 1);
    while (this.#is(/,/y));
    if (!this.#is(/\]/y)) throw this.#unexpected("',' or ']'");
  }

  #string(): string {
    const start = this.#at;
    const quoted = this.#take(/"[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\]*)*"/y);
    if (quoted === undefined) throw this.#unexpected('a string in double quotes');
    for (let i = 0; i < quoted.length; i++)
      if (quoted.charCodeAt(i) < 0x20) throw new Fault(start + i, 'not JSON: a control character inside a string');
    return String(JSON.parse(quoted));
  }

  /** Takes it with the spaces before it. */
  #is(token: RegExp): boolean {
    this.#take(/[ \t\r\n]*/y);
    return this.#take(token) !== undefined;
  }

  #take(token: RegExp): string | undefined {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #unexpected(wanted: string): Fault {
    const found = this.#at < this.#text.length ? 'here' : 'before the end';
    return new Fault(this.#at, `not JSON: ${wanted} is expected ${found}`);
  }
}
