/** A network of a test's own, with addresses that swallow every packet. */

/** Addresses on the link that no machine has. */
const SILENT = ['10.9.0.77', '10.9.0.78'] as const;

/** What a shell in a fresh network namespace runs to make it. */
export const SILENT_NETWORK = [
  'ip link set lo up',
  'ip link add v0 type veth peer name v1',
  'ip addr add 10.9.0.1/24 dev v0',
  'ip link set v0 up',
  'ip link set v1 up',
  ...SILENT.map((address) => {
    const mac = `02:00:00:00:00:${address.slice(-2)}`;
    return `ip neigh add ${address} lladdr ${mac} dev v0`;
  }),
].join(' && ');
