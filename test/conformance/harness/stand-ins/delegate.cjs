// The built-in in disguise: passes, and must be reported as using the built-in.
module.exports = { ...require('node:net') };
