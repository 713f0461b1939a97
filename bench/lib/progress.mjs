// A progress bar with the time that is left; on a pipe, a line for each row.
const WIDTH = 28;

function minutes(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

export class Progress {
  #done = 0;
  #start = performance.now();
  #lastLabel = '';

  constructor(total, out = process.stderr) {
    this.total = total;
    this.out = out;
  }

  step(row, detail) {
    const share = this.#done / this.total;
    const filled = Math.round(share * WIDTH);
    const spent = performance.now() - this.#start;
    const left =
      this.#done === 0 ? '' : `, ${minutes((spent / this.#done) * (this.total - this.#done))} left`;
    if (this.out.isTTY) {
      const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
      const percent = `${Math.floor(share * 100)} %`.padStart(5);
      this.out.write(`\r\x1b[K${bar}${percent}${left}  ${row} ${detail}`);
    } else if (row !== this.#lastLabel) {
      this.out.write(`${Math.floor(share * 100)} %${left}: ${row}\n`);
    }
    this.#lastLabel = row;
    this.#done++;
  }

  /** A line that stays. */
  say(text) {
    this.out.write(this.out.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  }

  end() {
    if (this.out.isTTY) this.out.write('\r\x1b[K');
    this.say(`done in ${minutes(performance.now() - this.#start)}`);
  }
}
