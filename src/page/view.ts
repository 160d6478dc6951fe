// What one looks at, as the fragment of the page's address: it can be sent to somebody, and survives a reload.

export interface View {
  readonly list: 'services' | 'announcements';
  readonly q: string;
  readonly state: string;
  readonly protocol: string;
  /** Empty: nothing is being explained. */
  readonly explain: string;
}

const home: View = { list: 'services', q: '', state: '', protocol: '', explain: '' };

export function readView(fragment: string): View {
  const said = new URLSearchParams(fragment.replace(/^#/, ''));
  const text = (name: string): string => said.get(name) ?? '';
  return {
    list: text('list') === 'announcements' ? 'announcements' : 'services',
    q: text('q'),
    state: text('state'),
    protocol: text('protocol'),
    explain: text('explain'),
  };
}

export function writeView(view: View): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) if (value !== home[name as keyof View]) said.set(name, value);
  return said.size === 0 ? '' : `#${said}`;
}
