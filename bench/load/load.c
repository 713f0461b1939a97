/* load.c: the closed loop of pingpong.mjs in C, to see what the load itself costs.
 *
 *   load PORT|/PATH CONNECTIONS SIZE REPLY DEPTH UNITS WARMUP
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 512 * 1024, EVENTS = 1024 };

typedef struct {
  int fd;
  size_t wanted, unsent;
  double start;
} connection;

static char buffer[BUFFER], *message;
static size_t message_bytes, reply_bytes;
static int epoll_fd, waiting, count;
static long left, replies;
static connection *connections;
static double *latencies;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int dial(const char *where) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(where))};
  struct sockaddr_un un = {.sun_family = AF_UNIX};
  int tcp = where[0] != '/', on = 1;
  int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  strncpy(un.sun_path, where, sizeof un.sun_path - 1);
  struct sockaddr *to = tcp ? (struct sockaddr *)&in : (struct sockaddr *)&un;
  if (connect(fd, to, tcp ? sizeof in : sizeof un) < 0) die("connect");
  if (tcp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void put(connection *c) {
  while (c->unsent > 0) {
    ssize_t sent = send(c->fd, message + message_bytes - c->unsent, c->unsent,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) die("send");
    c->unsent -= (size_t)sent;
  }
}

static void ask(connection *c) {
  c->wanted = reply_bytes;
  c->unsent = message_bytes;
  c->start = now_ms();
  put(c);
}

static void answered(connection *c) {
  latencies[replies++] = now_ms() - c->start;
  if (left > 0) {
    left--;
    ask(c);
  } else {
    waiting--;
  }
}

static void receive(connection *c) {
  for (;;) {
    ssize_t got = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) die("recv");
    c->wanted -= (size_t)got;
    if (c->wanted == 0) answered(c);
    if ((size_t)got < sizeof buffer) return;
  }
}

static void run(long exchanges) {
  struct epoll_event events[EVENTS];
  left = exchanges;
  replies = 0;
  for (int i = 0; i < count && left > 0; i++, left--) {
    waiting++;
    ask(&connections[i]);
  }
  while (waiting > 0) {
    int ready = epoll_wait(epoll_fd, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (c->unsent > 0 && events[i].events & EPOLLOUT) put(c);
      if (events[i].events & EPOLLIN) receive(c);
    }
  }
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc < 8) return 2;
  char line[64];
  const char *where = argv[1];
  count = atoi(argv[2]);
  int depth = atoi(argv[5]);
  message_bytes = (size_t)(atoi(argv[3]) * depth);
  reply_bytes = (size_t)(atoi(argv[4]) * depth);
  long exchanges = atol(argv[6]) / depth, warmup = atol(argv[7]) / depth;
  message = calloc(1, message_bytes);
  connections = calloc((size_t)count, sizeof *connections);
  latencies = calloc((size_t)(exchanges + warmup), sizeof *latencies);
  epoll_fd = epoll_create1(0);
  unsigned write_events = where[0] == '/' ? 0 : EPOLLOUT;
  for (int i = 0; i < count; i++) {
    connection *c = &connections[i];
    c->fd = dial(where);
    struct epoll_event event = {.events = EPOLLIN | write_events | EPOLLET, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
  }
  run(warmup);
  puts("{\"event\":\"warm\"}");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) return 1;
  double start = now_ms(), cpu = cpu_ms();
  run(exchanges);
  double ms = now_ms() - start;
  cpu = cpu_ms() - cpu;
  qsort(latencies, (size_t)replies, sizeof *latencies, by_size);
  printf("{\"event\":\"done\",\"ms\":%f,\"loadCpuMs\":%f,\"latency\":{\"p50\":%f,\"p99\":%f,"
         "\"p999\":%f}}\n",
         ms, cpu, latencies[replies / 2], latencies[replies * 99 / 100],
         latencies[replies * 999 / 1000]);
  fflush(stdout);
  return fgets(line, sizeof line, stdin) ? 0 : 1;
}
