/** A test of the kernel's behaviour that runs on Linux and on the simulator. */
import assert from 'node:assert/strict';
import { constants as os } from 'node:os';
import { test } from 'node:test';
import type { Kernel, KernelConstant } from '#internal/sys/kernel';
import { type Subject, subjects } from './subject.js';

type Constants = Readonly<Record<KernelConstant, number>>;

const errorNames = new Map(Object.entries(os.errno).map(([name, code]) => [code, name]));
// Two names for one number: the better known one.
errorNames.set(os.errno.EAGAIN, 'EAGAIN');
errorNames.set(os.errno.EOPNOTSUPP, 'EOPNOTSUPP');

function nameOf(status: number): string {
  return errorNames.get(-status) ?? `error ${-status}`;
}

export interface Pair {
  readonly listener: number;
  readonly client: number;
  readonly server: number;
}

/** What a test works with; every descriptor it opens is closed when it ends. */
export class Kit {
  readonly kernel: Kernel;
  readonly c: Constants;
  private generation = 0;

  constructor(private readonly subject: Subject) {
    this.kernel = subject.kernel;
    this.c = subject.kernel.constants;
  }

  settle(): Promise<void> {
    return this.subject.settle();
  }

  path(name: string): string {
    return this.subject.path(name);
  }

  /** A status as a reader likes it: 'EAGAIN', or the number itself. */
  show(status: number): number | string {
    return status < 0 ? nameOf(status) : status;
  }

  /** Fails unless `status` is the error of this name. */
  fails(status: number, name: keyof typeof os.errno): void {
    assert.equal(this.show(status), name);
  }

  is(status: number, expected: number): void {
    assert.equal(this.show(status), expected);
  }

  /** Fails where `status` is an error; returns it. */
  ok(status: number): number {
    assert.equal(typeof this.show(status), 'number', String(this.show(status)));
    return status;
  }

  tcp(family = this.c.AF_INET): number {
    return this.ok(this.kernel.socket(family, this.c.SOCK_STREAM, 0));
  }

  unix(): number {
    return this.ok(this.kernel.socket(this.c.AF_UNIX, this.c.SOCK_STREAM, 0));
  }

  /** A listening TCP socket on a free port of 127.0.0.1. */
  listener(backlog = 16): { fd: number; port: number } {
    const fd = this.tcp();
    this.is(this.kernel.bind(fd, this.c.AF_INET, '127.0.0.1', 0), 0);
    this.is(this.kernel.listen(fd, backlog), 0);
    return { fd, port: this.portOf(fd) };
  }

  portOf(fd: number): number {
    const name = this.kernel.getsockname(fd);
    assert(typeof name === 'object', 'getsockname');
    return name.port;
  }

  connect(fd: number, port: number): number {
    return this.kernel.connect(fd, this.c.AF_INET, '127.0.0.1', port);
  }

  /** A TCP connection, both ends. `prepare` sees the client before it connects. */
  async tcpPair(prepare: (client: number, listener: number) => void = () => {}): Promise<Pair> {
    const { fd: listener, port } = this.listener();
    const client = this.tcp();
    prepare(client, listener);
    this.fails(this.connect(client, port), 'EINPROGRESS');
    await this.settle();
    return { listener, client, server: this.ok(this.kernel.accept(listener)) };
  }

  unixPair(): Pair {
    const into: number[] = [];
    this.is(this.kernel.socketpair(this.c.AF_UNIX, this.c.SOCK_STREAM, into), 0);
    const [client = -1, server = -1] = into;
    return { listener: -1, client, server };
  }

  write(fd: number, text: string): number {
    const bytes = Buffer.from(text);
    return this.kernel.write(fd, bytes, 0, bytes.length);
  }

  /** The text that was read; '' at the end, or the error's name in brackets. */
  read(fd: number, length = 65_536): string {
    const bytes = Buffer.alloc(length);
    const count = this.kernel.read(fd, bytes, 0, length);
    return count < 0 ? `[${nameOf(count)}]` : bytes.toString('latin1', 0, count);
  }

  close(fd: number): void {
    this.is(this.kernel.close(fd, -1), 0);
  }

  /** SO_LINGER with no time: close(2) resets. */
  lingerOff(fd: number): void {
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1, 0);
    this.is(this.kernel.setsockopt(fd, this.c.SOL_SOCKET, this.c.SO_LINGER, linger), 0);
  }

  option(fd: number, level: number, name: number): number {
    const bytes = Buffer.alloc(4);
    const status = this.kernel.getsockopt(fd, level, name, bytes);
    return status < 0 ? status : bytes.readInt32LE(0);
  }

  pendingError(fd: number): string | number {
    const error = this.option(fd, this.c.SOL_SOCKET, this.c.SO_ERROR);
    return error > 0 ? nameOf(-error) : error;
  }

  /** Registers `fd`, edge-triggered, for all that the library asks for. */
  watch(fd: number, events = this.c.EPOLLIN | this.c.EPOLLOUT | this.c.EPOLLRDHUP): number {
    const mask = events | this.c.EPOLLET;
    return this.kernel.hookControl(fd, this.c.EPOLL_CTL_ADD, mask, fd, ++this.generation);
  }

  unwatch(fd: number): number {
    return this.kernel.hookControl(fd, this.c.EPOLL_CTL_DEL, 0, 0, 0);
  }

  /** What was reported for `fd` since the last question, in words; one text per report. */
  async events(fd: number): Promise<string[]> {
    await this.settle();
    const { seen } = this.subject;
    const mine = seen.filter(({ slot }) => slot === fd).map(({ events }) => this.words(events));
    for (let i = seen.length - 1; i >= 0; i--) if (seen[i]?.slot === fd) seen.splice(i, 1);
    return mine;
  }

  /** As `events`, with what came in several reports put together. */
  async eventsTogether(fd: number): Promise<string> {
    const words = (await this.events(fd)).flatMap((text) => text.split(' '));
    return ['IN', 'OUT', 'ERR', 'HUP', 'RDHUP'].filter((word) => words.includes(word)).join(' ');
  }

  private words(events: number): string {
    const { EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP } = this.c;
    const bits: [number, string][] = [
      [EPOLLIN, 'IN'],
      [EPOLLOUT, 'OUT'],
      [EPOLLERR, 'ERR'],
      [EPOLLHUP, 'HUP'],
      [EPOLLRDHUP, 'RDHUP'],
    ];
    return bits
      .filter(([bit]) => events & bit)
      .map(([, word]) => word)
      .join(' ');
  }
}

/** Runs `run` on each implementation; nothing may stay open. */
export function behaviour(title: string, run: (kit: Kit) => Promise<void> | void): void {
  for (const subject of subjects) {
    test(`${subject.name}: ${title}`, async () => {
      const { kernel } = subject;
      const before = new Set(kernel.ledger());
      try {
        await run(new Kit(subject));
      } finally {
        for (const fd of kernel.ledger()) if (!before.has(fd)) kernel.close(fd, -1);
        await subject.settle();
        subject.seen.length = 0;
      }
    });
  }
}
