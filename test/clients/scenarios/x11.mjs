// x11 connects by a pipe of Node's own, which it wraps in a socket before it is connected.
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

export const packages = ['x11'];
export const server = 'xvfb';
/** On a handle of Node's own the built-in works. */
export const core = ['a window is made and measured'];

const require = createRequire(import.meta.url);

export const scenarios = {
  async 'a window is made and measured'({ server: { display } }) {
    const x11 = require('x11');
    const { client, screen } = await promisify(x11.createClient)({ display });
    const [{ root, pixel_width: width }] = screen;
    const window = client.AllocID();
    client.CreateWindow(window, root, 3, 4, 100, 80);
    const geometry = await promisify(client.GetGeometry.bind(client))(window);
    const atom = await promisify(client.InternAtom.bind(client))(false, 'BAREWIRE');
    const name = await promisify(client.GetAtomName.bind(client))(atom);
    client.terminate();
    return { width, name, size: [geometry.width, geometry.height] };
  },
};
