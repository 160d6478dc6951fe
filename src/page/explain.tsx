// Why something is on the wire, or is not: the chain from the table, step by step. A dialog, so that focus goes in, stays
// in, and returns to where it came from.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { ExplainStep, Explanation } from './api.js';
import { ask } from './ask.js';
import { Mark } from './parts.js';
import type { Mood } from './verdict.js';

interface ExplainProps {
  /** Empty: nothing is asked. */
  readonly asked: string;
  readonly explain: (text: string) => void;
  readonly generation: number;
}

type Said =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'answer'; readonly explanation: Explanation }
  | { readonly kind: 'failure'; readonly text: string };

export function ExplainDialog({ asked, explain, generation }: ExplainProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const [said, setSaid] = useState<Said>({ kind: 'nothing' });
  useEffect(() => {
    if (asked === '') dialog.current?.close();
    else if (dialog.current?.open === false) {
      dialog.current.showModal();
      heading.current?.focus();
    }
  }, [asked]);
  useEffect(() => setSaid({ kind: 'nothing' }), [asked]);
  // Asked again whenever something changed: what stands here is what is so.
  useEffect(() => {
    if (asked === '') return;
    const call = new AbortController();
    ask<Explanation>(`/v1/explain/${encodeURIComponent(asked)}`, call.signal).then(
      (explanation) => setSaid({ kind: 'answer', explanation }),
      (error: unknown) => {
        if (!call.signal.aborted)
          setSaid({ kind: 'failure', text: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => call.abort();
  }, [asked, generation]);
  return (
    <dialog ref={dialog} aria-labelledby="explained" onClose={() => explain('')}>
      <header>
        <h2 id="explained" ref={heading} tabIndex={-1}>
          Explain {asked}
        </h2>
        <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
          Close <kbd>Esc</kbd>
        </button>
      </header>
      <AskForm asked={asked} explain={explain} label="Explain something else" />
      <div aria-live="polite" aria-busy={said.kind === 'nothing'}>
        {said.kind === 'failure' ? <p class="verdict">{said.text}</p> : null}
        {said.kind === 'answer' ? <Chain {...said.explanation} /> : null}
      </div>
    </dialog>
  );
}

interface FormProps {
  readonly asked: string;
  readonly explain: (text: string) => void;
  readonly label: string;
  /** Whether `/` leads here. */
  readonly isMain?: boolean;
}

export function AskForm({ asked, explain, label, isMain = false }: FormProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current !== null) input.current.value = asked;
  }, [asked]);
  useEffect(() => {
    if (!isMain) return;
    const lead = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', lead);
    return () => document.removeEventListener('keydown', lead);
  }, [isMain]);
  return (
    <search aria-label={label}>
      <form
        class="ask-form"
        onSubmit={(event) => {
          event.preventDefault();
          const text = input.current?.value.trim() ?? '';
          if (text !== '') explain(text);
        }}
      >
        <input
          ref={input}
          type="search"
          aria-label={`${label}: address, prefix or service`}
          aria-keyshortcuts={isMain ? '/' : undefined}
          placeholder="Address, prefix or service"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          onKeyDown={(event) => {
            if (isMain && event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        {isMain ? (
          <span class="key" aria-hidden="true">
            /
          </span>
        ) : null}
        <button type="submit">Explain</button>
      </form>
    </search>
  );
}

const stepMoods: Readonly<Record<ExplainStep['verdict'], Mood>> = { yes: 'good', no: 'bad', note: 'off' };
const stepWords: Readonly<Record<ExplainStep['verdict'], string>> = { yes: 'yes', no: 'no', note: 'note' };

const Chain = ({ verdict, steps }: Explanation) => (
  <>
    <p class="verdict">{verdict}</p>
    <ol class="chain">
      {steps.map(({ step, subject, verdict: judged, text, where }, index) => (
        <li key={index} class={stepMoods[judged]}>
          <Mark mood={stepMoods[judged]} />
          <p class="step">
            <strong>{step}</strong> {subject === '' ? null : <span class="code">{subject}</span>}
            <span class="judged">{stepWords[judged]}</span>
          </p>
          <p>{text}</p>
          {where === '' ? null : <p class="where code">{where}</p>}
        </li>
      ))}
    </ol>
  </>
);
