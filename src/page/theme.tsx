// Light, dark, or as the system has it.

import { useState } from 'preact/hooks';

const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const key = 'herald.theme';

/** A browser may forbid to remember anything. */
function remembered(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(key)) ?? 'auto';
  } catch {
    return 'auto';
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // It holds until the page is closed.
  }
}

function show(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
}

/** Before anything is drawn. */
export const showRemembered = (): void => show(remembered());

export function ThemeButton() {
  const [theme, setTheme] = useState(remembered);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto';
  return (
    <button
      type="button"
      class="theme"
      aria-label={`Colours: ${theme}. Change to ${next}`}
      onClick={() => {
        remember(next);
        show(next);
        setTheme(next);
      }}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle class="rim" cx="8" cy="8" r="6.2" />
        <path
          d={
            theme === 'light'
              ? ''
              : theme === 'dark'
                ? 'M8 1.8a6.2 6.2 0 1 1 0 12.4a6.2 6.2 0 0 1 0-12.4Z'
                : 'M8 1.8a6.2 6.2 0 0 1 0 12.4Z'
          }
        />
      </svg>
      <span class="word">{theme}</span>
    </button>
  );
}
