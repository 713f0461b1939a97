/** As `injected.cts`, by import. */
import type * as nodeNet from 'node:net';
import manual, { isNative } from 'barewire';
import * as node from 'barewire/node';

const whole: (typeof nodeNet)[] = [node, manual];
const native: boolean = isNative;

// Without a path it is the built-in's; with one, the path.
const { port } = new node.BoundSocket({ port: 0 }).address();
const path: string = new node.BoundSocket({ path: '/tmp/x' }).address();
class Own extends node.BoundSocket {}

export const all = [whole, native, port, path, new Own().address().port];
