/** Every way of importing, from an ES module. */
import net, { BlockList, BoundSocket, createServer, type Server, Socket } from 'barewire';
import * as all from 'barewire/node';
import * as nodePromises from 'barewire/node/promises';
import promises, { listen } from 'barewire/promises';

const socket: Socket = new net.Socket();
const other: all.Socket = new all.Socket();
export const server: Server = createServer();
export const bound: BoundSocket = new BoundSocket();
export const list: all.BlockList = new BlockList();
export const type: net.AddressInfo | all.NetConnectOpts = { address: '', family: '', port: 1 };
export const values = [promises.connect, listen, nodePromises.listen, net.promises, Socket];
export { other, socket };
