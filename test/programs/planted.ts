/** Tests with a mistake planted in them: each must fail, and by the check of descriptors alone. */
import { createServer } from 'barewire';
import { systemHost } from '#internal/transport/host';
import { test } from '../kit/test.js';

const { kernel } = systemHost();
const { AF_INET, SOCK_STREAM } = kernel.constants;

const PLANTED: Record<string, () => void> = {
  clean: () => {
    kernel.close(kernel.socket(AF_INET, SOCK_STREAM, 0), -1);
  },
  leak: () => {
    kernel.socket(AF_INET, SOCK_STREAM, 0);
  },
  'leaked server': () => {
    createServer().listen(0);
  },
  'double close': () => {
    const fd = kernel.socket(AF_INET, SOCK_STREAM, 0);
    kernel.close(fd, -1);
    kernel.close(fd, -1);
  },
  'use after close': () => {
    const fd = kernel.socket(AF_INET, SOCK_STREAM, 0);
    kernel.close(fd, -1);
    kernel.read(fd, Buffer.alloc(1), 0, 1);
  },
  'use of -1': () => {
    kernel.getsockname(-1);
  },
};

const which = process.argv[2] ?? 'clean';
test(which, () => PLANTED[which]?.());
