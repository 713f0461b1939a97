/** The module that `require('net')` gives when Node's loader of ES modules loads it. */
import type { NetModule } from '../net/module.js';
import { installed } from './state.js';

const state = installed();
if (state === null) throw new Error('barewire/register is not loaded in this thread');
const net: NetModule = state.net;

export = net;
