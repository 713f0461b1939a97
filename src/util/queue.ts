/** The number of places at first; always a power of two. */
const PLACES = 16;

/** A first-in, first-out queue in a ring: it shifts nothing, and uses its places again. */
export class Queue<T> {
  private places: (T | undefined)[] = new Array<undefined>(PLACES).fill(undefined);
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.places.length) this.grow();
    this.places[(this.head + this.count) & (this.places.length - 1)] = item;
    this.count++;
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const { places, head } = this;
    const item = places[head];
    places[head] = undefined;
    this.head = (head + 1) & (places.length - 1);
    this.count--;
    // Shrinks again after a flood.
    if (this.count === 0 && places.length > PLACES) this.shrink();
    return item;
  }

  private grow(): void {
    const { places, head } = this;
    const more = new Array<undefined>(places.length).fill(undefined);
    this.places = [...places.slice(head), ...places.slice(0, head), ...more];
    this.head = 0;
  }

  private shrink(): void {
    this.places = new Array<undefined>(PLACES).fill(undefined);
    this.head = 0;
  }
}
