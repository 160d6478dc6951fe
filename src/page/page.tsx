// Where the page begins.

import { render } from 'preact';
import { App } from './app.js';
import { Live } from './live.js';
import { showRemembered } from './theme.js';

showRemembered();
const live = new Live();
render(<App live={live} />, document.body);
live.start();
