/* server.c: what each scenario costs in C over epoll, with as little as it takes.
 *
 *   server SCENARIO tcp|/PATH       echo, burst, churn, sink, busy, idle, listen
 *   server client PORT CONNECTIONS  connects, and echoes what the load sends
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, EVENTS = 1024, BURST = 100, BURST_BYTES = 32, BUSY_NS = 2000000 };

typedef struct {
  int fd;
  char *pending; /* what the kernel would not take yet */
  size_t from, length;
} connection;

static char buffer[BUFFER];
static int epoll_fd;
static enum { ECHO, BURSTS, CHURN, SINK, BUSY } scenario;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(connection *c, int op, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll_fd, op, c->fd, &event) < 0) die("epoll_ctl");
}

static void drop(connection *c) {
  close(c->fd);
  free(c->pending);
  free(c);
}

static connection *take(int fd) {
  connection *c = calloc(1, sizeof *c);
  c->fd = fd;
  watch(c, EPOLL_CTL_ADD, EPOLLIN);
  return c;
}

/* Sends, and keeps what does not fit; reads no more until that is gone. */
static void put(connection *c, const char *bytes, size_t length) {
  ssize_t sent = send(c->fd, bytes, length, MSG_NOSIGNAL);
  if (sent == (ssize_t)length) return;
  if (sent < 0) sent = 0;
  c->length = length - (size_t)sent;
  c->from = 0;
  c->pending = malloc(c->length);
  memcpy(c->pending, bytes + sent, c->length);
  watch(c, EPOLL_CTL_MOD, EPOLLOUT);
}

static void go_on(connection *c) {
  ssize_t sent = send(c->fd, c->pending + c->from, c->length, MSG_NOSIGNAL);
  if (sent < 0) return;
  c->from += (size_t)sent;
  if ((c->length -= (size_t)sent) > 0) return;
  free(c->pending);
  c->pending = NULL;
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void spin(void) {
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < BUSY_NS);
}

static void ready(connection *c) {
  static char burst[BURST * BURST_BYTES];
  if (c->pending) {
    go_on(c);
    return;
  }
  ssize_t got = recv(c->fd, buffer, sizeof buffer, 0);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) drop(c);
    return;
  }
  if (scenario == SINK) return;
  if (scenario == BUSY) spin();
  if (scenario != BURSTS) put(c, buffer, (size_t)got);
  else put(c, burst, sizeof burst);
  if (scenario == CHURN) drop(c);
}

static int listen_at(const char *where) {
  struct sockaddr_in in = {.sin_family = AF_INET};
  struct sockaddr_un un = {.sun_family = AF_UNIX};
  int tcp = strcmp(where, "tcp") == 0, on = 1;
  int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  strncpy(un.sun_path, where, sizeof un.sun_path - 1);
  struct sockaddr *any = tcp ? (struct sockaddr *)&in : (struct sockaddr *)&un;
  socklen_t length = tcp ? sizeof in : sizeof un;
  if (bind(fd, any, length) < 0 || listen(fd, 4096) < 0) die("listen");
  length = sizeof in;
  if (tcp) getsockname(fd, any, &length);
  printf("ready %d\n", ntohs(in.sin_port));
  fflush(stdout);
  return fd;
}

static void connect_to(int port, int count) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < count; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
    take(fd);
  }
  printf("ready 0\n");
  fflush(stdout);
}

static void serve(int listener) {
  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(epoll_fd, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr) {
        ready(events[i].data.ptr);
        continue;
      }
      int fd;
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) take(fd);
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *name = argv[1];
  if (strcmp(name, "burst") == 0) scenario = BURSTS;
  if (strcmp(name, "churn") == 0) scenario = CHURN;
  if (strcmp(name, "sink") == 0) scenario = SINK;
  if (strcmp(name, "busy") == 0) scenario = BUSY;
  epoll_fd = epoll_create1(0);
  if (strcmp(name, "client") == 0) {
    connect_to(atoi(argv[2]), argc > 3 ? atoi(argv[3]) : 1);
    serve(-1);
  }
  int listener = listen_at(argv[2]);
  if (strcmp(name, "listen") == 0) return 0;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
  serve(listener);
}
