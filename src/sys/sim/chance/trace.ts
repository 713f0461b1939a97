/**
 * The record of a run: all its events, in order. The trace always keeps a digest of them, which
 * costs little and tells whether two runs were equal. It makes lines to read only when asked to.
 */

/** Later lines are dropped, so that a long run does not fill the memory. */
const LINES_MAX = 200_000;

export class Trace {
  private digest = 0x811c9dc5;
  private count = 0;
  readonly lines: string[] = [];

  constructor(
    /** Whether lines are kept. */
    readonly recording: boolean,
    private readonly nowMs: () => number,
  ) {}

  /** How many things happened. */
  get events(): number {
    return this.count;
  }

  /** A number that two equal runs share. */
  get fingerprint(): string {
    return (this.digest >>> 0).toString(16).padStart(8, '0');
  }

  /** `where` is a machine or a part of the simulation, `what` a call or an event. */
  note(where: string, what: string, a: number | string = '', b: number | string = ''): void {
    this.count++;
    this.mix(this.nowMs() * 1000);
    this.mixText(where);
    this.mixText(what);
    if (typeof a === 'number') this.mix(a);
    else this.mixText(a);
    if (typeof b === 'number') this.mix(b);
    else this.mixText(b);
    this.remark(where, what, a, b);
  }

  /** Adds a line for readers. It is not part of the digest, so equal runs may differ in it. */
  remark(where: string, what: string, a: number | string = '', b: number | string = ''): void {
    if (this.recording && this.lines.length < LINES_MAX) {
      const time = this.nowMs().toFixed(3).padStart(12);
      const line = `${time} ${where.padEnd(8)} ${what} ${a}${b === '' ? '' : ` = ${b}`}`;
      // Abstract names begin with a NUL. ss(8) writes it as @, and so does this.
      this.lines.push(line.replaceAll('\0', '@'));
    }
  }

  private mix(value: number): void {
    this.digest = Math.imul(this.digest ^ (value | 0), 0x01000193);
  }

  private mixText(text: string): void {
    for (let i = 0; i < text.length; i++) this.mix(text.charCodeAt(i));
  }
}
