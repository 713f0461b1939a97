import { publish, reconnect } from '../kit/mqtt.mjs';

export const packages = ['mqtt'];
export const server = 'mosquitto';

// The package calls tls.connect itself, which is Node's core.
export const core = ['the same over TLS, QoS 1'];

export const scenarios = {
  'publish and subscribe, QoS 0': ({ server: to }) => publish(to, 0),
  'publish and subscribe, QoS 2': ({ server: to }) => publish(to, 2),
  'the same over TLS, QoS 1': ({ server: to }) => publish(to, 1, true),
  'the broker is killed and comes back': ({ server: to, kill, start }) =>
    reconnect(to, kill, start),
};
