export const SERVERS = {};
