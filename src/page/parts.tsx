// Small things that all of the page is made of.

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { formatMoment } from './format.js';
import type { Mood } from './verdict.js';

const shapes: Readonly<Record<Mood, ComponentChildren>> = {
  good: <circle cx="6" cy="6" r="4.5" />,
  wait: <path d="M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Zm0 1.8v6.4a3.2 3.2 0 0 1 0-6.4Z" />,
  bad: <path d="M6 .9 11.6 11H.4Z" />,
  off: <path d="M1.5 5h9v2h-9z" />,
};

/** A colour never stands alone: each mood has a shape, and a word stands beside it. */
export const Mark = ({ mood }: { readonly mood: Mood }) => (
  <svg class={`mark ${mood}`} viewBox="0 0 12 12" aria-hidden="true">
    {shapes[mood]}
  </svg>
);

export const State = ({ mood, word }: { readonly mood: Mood; readonly word: string }) => (
  <span class={`state ${mood}`}>
    <Mark mood={mood} />
    {word}
  </span>
);

interface CardProps {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly area: string;
  readonly children: ComponentChildren;
}

export function Card({ title, aside, area, children }: CardProps) {
  const id = useId();
  return (
    <section class={`card ${area}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside === undefined ? null : <div class="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

/** Can be scrolled with the keyboard where it is wider than the screen. */
export const Scroll = ({ label, children }: { readonly label: string; readonly children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1).
  <section class="scroll" aria-label={label} tabIndex={0}>
    {children}
  </section>
);

export const Moment = ({ at, nowMs }: { readonly at: string; readonly nowMs: number }) => (
  <time dateTime={at} title={at}>
    {formatMoment(at, nowMs)}
  </time>
);

interface BarProps {
  /** Between 0 and 1, from the left. */
  readonly solid: number;
  readonly hatched?: number;
  readonly mood?: Mood;
}

/** Says nothing to a screen reader: the number stands beside it. */
export function Bar({ solid, hatched = 0, mood }: BarProps) {
  const id = useId();
  const width = (part: number): string => `${part > 0 ? Math.max(part * 100, 0.8) : 0}%`;
  return (
    <svg class={`bar ${mood ?? ''}`} aria-hidden="true" focusable="false">
      <defs>
        <pattern id={id} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch" width="2" height="4" />
        </pattern>
      </defs>
      <rect class="ground" width="100%" height="100%" rx="2" />
      <rect class="rest" x={width(solid)} width={width(hatched)} height="100%" fill={`url(#${id})`} />
      <rect class="fill" width={width(solid)} height="100%" rx="2" />
    </svg>
  );
}
