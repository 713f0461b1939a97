// One way to stop: a problem that the reader can act on is printed without a stack trace.

/** A problem whose message is all that a person needs. */
export class BuildProblem extends Error {}

/**
 * Runs a script's main function; prints a BuildProblem's message alone.
 * @param {() => unknown} main
 */
export async function run(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof BuildProblem)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** @param {() => unknown} find @returns {string[]} why it finds nothing; empty if it does */
export function problemsOf(find) {
  try {
    find();
    return [];
  } catch (error) {
    if (error instanceof BuildProblem) return [error.message];
    throw error;
  }
}
