// Several pieces of work at once, for commands that mostly wait for other processes.

/** Runs `work` on each item, at most `lanes` at once; gives the results in the items' order. */
export async function sideBySide(items, lanes, work) {
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
