/** The names of the properties by which the modules of `net` reach each other's objects. */

/** The state of a socket that is not part of its public surface. */
export const kConnection: unique symbol = Symbol('barewire.socket');
/** The state of a server that is not part of its public surface. */
export const kAcceptor: unique symbol = Symbol('barewire.server');
/** Takes a bound socket's descriptor over. */
export const kBound: unique symbol = Symbol('barewire.bound');
/** Marks arguments that were put in order already. */
export const kNormalized: unique symbol = Symbol('barewire.normalized');
/** What a class of servers stands on, and makes. */
export const kSetup: unique symbol = Symbol('barewire.setup');
/** The host a class of sockets stands on; a simulated one replaces it. */
export const kHost: unique symbol = Symbol('barewire.host');
