#!/usr/bin/env node
// The way in, on the main thread and on the BGP thread alike. It is all that Node loads by its own means: a bundle of
// each thread's own does the rest.

import { begin } from './bundle/begin.js';

begin(__dirname);
