// Where what decided is written, as FILE:LINE:COLUMN: found when somebody asks, so that it costs nothing until then. Of the
// configuration the file as it is now is read; '' is said of what is not in it.

import { readFileSync } from 'node:fs';
import { type Document, readDocument } from '../config/document.js';
import { placeIn } from '../config/places.js';
import { type Identity, identify, sameIdentity } from '../io/watch.js';
import { formatPlace } from '../problem.js';

/** A third of a second of reading; whoever writes more than that by hand does not exist. */
const mostOctets = 256 * 1024;

export class ConfigPlaces {
  readonly #file: string;
  /** Kept as long as nobody needs the memory. */
  #read: { readonly identity: Identity; readonly document: WeakRef<Document> } | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** As placeIn() is led. */
  of(...steps: readonly (string | number)[]): string {
    const document = this.#document();
    const place = document && placeIn(document, steps);
    return place === undefined ? '' : formatPlace(place);
  }

  #document(): Document | undefined {
    const identity = identify(this.#file);
    // A FIFO has no size, and nothing to say twice.
    if (identity === undefined || identity.size === 0n || identity.size > mostOctets) return undefined;
    const known = sameIdentity(identity, this.#read?.identity) ? this.#read?.document.deref() : undefined;
    if (known !== undefined) return known;
    try {
      const document = readDocument(readFileSync(this.#file, 'utf8'), this.#file);
      this.#read = { identity, document: new WeakRef(document) };
      return document;
    } catch {
      return undefined;
    }
  }
}
