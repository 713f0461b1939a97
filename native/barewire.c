/* barewire.c: the one native file. It makes system calls, converts socket addresses and hooks an
 * epoll descriptor into Node's event loop. It decides nothing: what can be TypeScript is.
 *
 * Every call exported to JavaScript returns a number >= 0, or -errno. None throws. Every buffer
 * offset and length is checked against the buffer it indexes. A descriptor made by a call here is
 * entered in the ledger by that call, and leaves it just before close(2); what is still in it when
 * the environment ends (a terminated worker, say) is closed then. close() refuses numbers that are
 * not in the ledger, so that no mistake above can close one of Node's own descriptors.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>
#define NAPI_VERSION 8
#include <node_api.h>

#ifndef BAREWIRE_SOURCE_SHA256
#define BAREWIRE_SOURCE_SHA256 "unknown"
#endif

/* A check reads this out of binaries of every architecture without loading them. */
static const char source_tag[] __attribute__((used)) =
    "barewire-source-sha256:" BAREWIRE_SOURCE_SHA256;

enum {
  EVENTS_PER_TURN = 1024, /* bounds one turn, so that timers and other handles get their share */
  AGAIN_PER_TURN = 1024,  /* bounds work that asks to run once more within the same turn */
  CHUNKS_MAX = 256,       /* chunks per gathered send; more go in a further call */
  RIGHTS_MAX = 28,        /* descriptors per message */
  SLOT_NEXT = 0,          /* control words shared with JavaScript; see src/sys/hook.ts */
  SLOT_AGAIN = 1,
  SLOT_TURN = 2,
  SLOT_EVENTS = 4,
  WORDS_PER_EVENT = 3,
  CALL_NEXT = -1,
  CALL_AGAIN = -2,
};

typedef struct {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  uint8_t *ledger; /* one bit per descriptor number */
  int ledger_bits;
  uv_poll_t poll; /* finds the epoll descriptor readable */
  uv_idle_t idle; /* active while work is carried over: the loop then does not wait */
  int handles_open;
  int epoll_fd;
  bool referenced, in_turn;
  int32_t *control;
  napi_ref control_ref, dispatch_ref;
} thread_state;

/* --- arguments and results ------------------------------------------------------------------ */

static napi_value number(napi_env env, int64_t value) {
  napi_value out;
  napi_create_int64(env, value, &out);
  return out;
}

static napi_value result(napi_env env, int64_t value) {
  return number(env, value >= 0 ? value : -errno);
}

/* Collects exactly `want` arguments: absent ones arrive as undefined and fail their conversion. */
static thread_state *arguments(napi_env env, napi_callback_info info, size_t want, napi_value *to) {
  void *state = NULL;
  size_t count = want;
  napi_get_cb_info(env, info, &count, to, NULL, &state);
  return state;
}

static bool as_int(napi_env env, napi_value value, int *out) {
  return napi_get_value_int32(env, value, out) == napi_ok;
}

typedef struct {
  uint8_t *data;
  size_t length;
} span;

static bool as_bytes(napi_env env, napi_value value, span *out) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, &out->length, (void **)&out->data, NULL,
                                  NULL) == napi_ok &&
         type == napi_uint8_array;
}

/* bytes[offset, offset + length), refused where it leaves the buffer. */
static bool as_span(napi_env env, napi_value *from, span *out) {
  int64_t offset, length;
  span whole;
  if (!as_bytes(env, from[0], &whole) || napi_get_value_int64(env, from[1], &offset) != napi_ok ||
      napi_get_value_int64(env, from[2], &length) != napi_ok || offset < 0 || length < 0 ||
      (uint64_t)offset > whole.length || (uint64_t)length > whole.length - (size_t)offset)
    return false;
  *out = (span){whole.data + offset, (size_t)length};
  return true;
}

/* --- the ledger ----------------------------------------------------------------------------- */

static bool owned(const thread_state *state, int fd) {
  return fd >= 0 && fd < state->ledger_bits && (state->ledger[fd >> 3] >> (fd & 7) & 1);
}

/* Enters a fresh descriptor; passes errors through. Without memory for it the descriptor goes. */
static int enter(thread_state *state, int fd) {
  if (fd < 0) return fd;
  if (fd >= state->ledger_bits) {
    int bits = (fd + 1024) & ~7;
    uint8_t *grown = realloc(state->ledger, (size_t)bits / 8);
    if (!grown) {
      close(fd);
      errno = ENOMEM;
      return -1;
    }
    memset(grown + state->ledger_bits / 8, 0, (size_t)(bits - state->ledger_bits) / 8);
    state->ledger = grown;
    state->ledger_bits = bits;
  }
  state->ledger[fd >> 3] |= (uint8_t)(1 << (fd & 7));
  return fd;
}

static void strike(thread_state *state, int fd) {
  state->ledger[fd >> 3] &= (uint8_t)~(1 << (fd & 7));
}

/* --- socket addresses ----------------------------------------------------------------------- */

typedef struct {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
    struct sockaddr_storage storage;
  } as;
  socklen_t length;
} address;

static int address_of_path(const char *text, size_t length, address *out) {
  struct sockaddr_un *un = &out->as.path;
  bool abstract = length > 0 && text[0] == '\0';
  if (length == 0) return -EINVAL;
  if (!abstract && memchr(text, '\0', length)) return -EINVAL;
  /* A path keeps room for its terminator; an abstract name is counted, and has none. */
  if (length > sizeof un->sun_path - (abstract ? 0 : 1)) return -ENAMETOOLONG;
  un->sun_family = AF_UNIX;
  memcpy(un->sun_path, text, length);
  out->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (abstract ? 0 : 1));
  return 0;
}

static int address_of_ip(int family, char *text, int port, address *out) {
  if (port < 0 || port > 65535) return -EINVAL;
  if (family == AF_INET) {
    out->as.v4.sin_family = AF_INET;
    out->as.v4.sin_port = htons((uint16_t)port);
    out->length = sizeof out->as.v4;
    return inet_pton(AF_INET, text, &out->as.v4.sin_addr) == 1 ? 0 : -EINVAL;
  }
  char *zone = strchr(text, '%');
  if (zone) {
    *zone++ = '\0';
    char *end;
    unsigned long index = strtoul(zone, &end, 10);
    if (end == zone || *end) index = if_nametoindex(zone);
    if (index == 0 || index > UINT32_MAX) return -EINVAL;
    out->as.v6.sin6_scope_id = (uint32_t)index;
  }
  out->as.v6.sin6_family = AF_INET6;
  out->as.v6.sin6_port = htons((uint16_t)port);
  out->length = sizeof out->as.v6;
  return inet_pton(AF_INET6, text, &out->as.v6.sin6_addr) == 1 ? 0 : -EINVAL;
}

/* from: family, text (an IP or a path), port. */
static int as_address(napi_env env, napi_value *from, address *out) {
  int family, port;
  char text[256];
  size_t length;
  if (!as_int(env, from[0], &family) || !as_int(env, from[2], &port)) return -EINVAL;
  if (napi_get_value_string_utf8(env, from[1], NULL, 0, &length) != napi_ok) return -EINVAL;
  if (length >= sizeof text) return family == AF_UNIX ? -ENAMETOOLONG : -EINVAL;
  napi_get_value_string_utf8(env, from[1], text, sizeof text, &length);
  memset(out, 0, sizeof *out);
  if (family == AF_UNIX) return address_of_path(text, length, out);
  if (family != AF_INET && family != AF_INET6) return -EAFNOSUPPORT;
  return memchr(text, '\0', length) ? -EINVAL : address_of_ip(family, text, port, out);
}

static size_t text_of_ip6(const struct sockaddr_in6 *v6, char *text, size_t size) {
  inet_ntop(AF_INET6, &v6->sin6_addr, text, (socklen_t)size);
  size_t length = strlen(text);
  if (v6->sin6_scope_id && IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) {
    text[length++] = '%';
    if (!if_indextoname(v6->sin6_scope_id, text + length)) return length - 1;
    length += strlen(text + length);
  }
  return length;
}

/* {family, address, port}, with the path (empty where unnamed) as the address of a UNIX socket. */
static napi_value address_object(napi_env env, const address *from) {
  char text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE] = "";
  const char *start = text;
  size_t length = 0;
  int port = 0;
  if (from->as.any.sa_family == AF_INET) {
    inet_ntop(AF_INET, &from->as.v4.sin_addr, text, sizeof text);
    length = strlen(text);
    port = ntohs(from->as.v4.sin_port);
  } else if (from->as.any.sa_family == AF_INET6) {
    length = text_of_ip6(&from->as.v6, text, INET6_ADDRSTRLEN);
    port = ntohs(from->as.v6.sin6_port);
  } else if (from->length > offsetof(struct sockaddr_un, sun_path)) {
    start = from->as.path.sun_path;
    length = from->length - offsetof(struct sockaddr_un, sun_path);
    if (start[0] != '\0') length = strnlen(start, length);
  }
  napi_value object, value;
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "family", number(env, from->as.any.sa_family));
  napi_create_string_utf8(env, start, length, &value);
  napi_set_named_property(env, object, "address", value);
  napi_set_named_property(env, object, "port", number(env, port));
  return object;
}

/* --- system calls --------------------------------------------------------------------------- */

/* A signal handler that ran in the middle is no reason to give up. Not for close(2), which has
 * freed the number by then, and not for connect(2), which goes on in the background. */
#define RETRY(to, call) \
  do {                  \
    (to) = (call);      \
  } while ((to) < 0 && errno == EINTR)

#define CALL(name) static napi_value name(napi_env env, napi_callback_info info)
#define INVALID number(env, -EINVAL)

CALL(sys_socket) {
  napi_value args[3];
  thread_state *state = arguments(env, info, 3, args);
  int family, type, protocol;
  if (!as_int(env, args[0], &family) || !as_int(env, args[1], &type) ||
      !as_int(env, args[2], &protocol))
    return INVALID;
  return result(env, enter(state, socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)));
}

CALL(sys_socketpair) {
  napi_value args[3];
  thread_state *state = arguments(env, info, 3, args);
  int family, type, pair[2];
  napi_value first, second;
  if (!as_int(env, args[0], &family) || !as_int(env, args[1], &type)) return INVALID;
  if (socketpair(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) return result(env, -1);
  if (enter(state, pair[0]) < 0 || enter(state, pair[1]) < 0) return number(env, -ENOMEM);
  napi_create_int32(env, pair[0], &first);
  napi_create_int32(env, pair[1], &second);
  napi_set_element(env, args[2], 0, first);
  napi_set_element(env, args[2], 1, second);
  return number(env, 0);
}

CALL(sys_pipe) {
  napi_value args[1];
  thread_state *state = arguments(env, info, 1, args);
  int pair[2];
  if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0) return result(env, -1);
  if (enter(state, pair[0]) < 0 || enter(state, pair[1]) < 0) return number(env, -ENOMEM);
  napi_set_element(env, args[0], 0, number(env, pair[0]));
  napi_set_element(env, args[0], 1, number(env, pair[1]));
  return number(env, 0);
}

CALL(sys_bind) {
  napi_value args[4];
  arguments(env, info, 4, args);
  int fd, bad;
  address to;
  if (!as_int(env, args[0], &fd)) return INVALID;
  if ((bad = as_address(env, args + 1, &to)) < 0) return number(env, bad);
  return result(env, bind(fd, &to.as.any, to.length));
}

CALL(sys_connect) {
  napi_value args[4];
  arguments(env, info, 4, args);
  int fd, bad;
  address to;
  if (!as_int(env, args[0], &fd)) return INVALID;
  if ((bad = as_address(env, args + 1, &to)) < 0) return number(env, bad);
  int done = connect(fd, &to.as.any, to.length);
  if (done < 0 && errno == EINTR) errno = EINPROGRESS;
  return result(env, done);
}

CALL(sys_listen) {
  napi_value args[2];
  arguments(env, info, 2, args);
  int fd, backlog;
  if (!as_int(env, args[0], &fd) || !as_int(env, args[1], &backlog)) return INVALID;
  return result(env, listen(fd, backlog));
}

CALL(sys_accept) {
  napi_value args[1];
  thread_state *state = arguments(env, info, 1, args);
  int fd, accepted;
  if (!as_int(env, args[0], &fd)) return INVALID;
  RETRY(accepted, accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
  return result(env, enter(state, accepted));
}

CALL(sys_shutdown) {
  napi_value args[2];
  arguments(env, info, 2, args);
  int fd, how;
  if (!as_int(env, args[0], &fd) || !as_int(env, args[1], &how)) return INVALID;
  return result(env, shutdown(fd, how));
}

/* close(fd, epollFd): leaves the epoll set first, since the description may live on elsewhere. */
CALL(sys_close) {
  napi_value args[2];
  thread_state *state = arguments(env, info, 2, args);
  int fd, epoll_fd;
  if (!as_int(env, args[0], &fd) || !as_int(env, args[1], &epoll_fd)) return INVALID;
  if (!owned(state, fd)) return number(env, -EBADF);
  if (epoll_fd >= 0) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
  strike(state, fd);
  return result(env, close(fd));
}

/* adopt(fd): takes over a descriptor made elsewhere. Node never gives one of its own to this. */
CALL(sys_adopt) {
  napi_value args[1];
  thread_state *state = arguments(env, info, 1, args);
  int fd;
  if (!as_int(env, args[0], &fd)) return INVALID;
  if (owned(state, fd)) return number(env, -EEXIST);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
    return result(env, -1);
  return result(env, enter(state, fd));
}

/* release(fd): the descriptor stays open and is somebody else's from now on. */
CALL(sys_release) {
  napi_value args[1];
  thread_state *state = arguments(env, info, 1, args);
  int fd;
  if (!as_int(env, args[0], &fd)) return INVALID;
  if (!owned(state, fd)) return number(env, -EBADF);
  strike(state, fd);
  return number(env, fd);
}

CALL(sys_dup) {
  napi_value args[1];
  thread_state *state = arguments(env, info, 1, args);
  int fd;
  if (!as_int(env, args[0], &fd)) return INVALID;
  return result(env, enter(state, fcntl(fd, F_DUPFD_CLOEXEC, 0)));
}

/* read(fd, bytes, offset, length): recv(2), or read(2) where the descriptor is no socket. */
CALL(sys_read) {
  napi_value args[4];
  arguments(env, info, 4, args);
  int fd;
  span to;
  ssize_t got;
  if (!as_int(env, args[0], &fd) || !as_span(env, args + 1, &to)) return INVALID;
  RETRY(got, recv(fd, to.data, to.length, 0));
  if (got < 0 && errno == ENOTSOCK) RETRY(got, read(fd, to.data, to.length));
  return result(env, got);
}

CALL(sys_peek) {
  napi_value args[4];
  arguments(env, info, 4, args);
  int fd;
  span to;
  ssize_t got;
  if (!as_int(env, args[0], &fd) || !as_span(env, args + 1, &to)) return INVALID;
  RETRY(got, recv(fd, to.data, to.length, MSG_PEEK));
  return result(env, got);
}

CALL(sys_write) {
  napi_value args[4];
  arguments(env, info, 4, args);
  int fd;
  span from;
  ssize_t put;
  if (!as_int(env, args[0], &fd) || !as_span(env, args + 1, &from)) return INVALID;
  RETRY(put, send(fd, from.data, from.length, MSG_NOSIGNAL));
  if (put < 0 && errno == ENOTSOCK) RETRY(put, write(fd, from.data, from.length));
  return result(env, put);
}

/* writev(fd, chunks, count, skip): the first `count` chunks without their first `skip` bytes. */
CALL(sys_writev) {
  napi_value args[4], item;
  arguments(env, info, 4, args);
  int fd, count;
  int64_t skip;
  ssize_t put;
  struct iovec parts[CHUNKS_MAX];
  struct msghdr message = {.msg_iov = parts};
  if (!as_int(env, args[0], &fd) || !as_int(env, args[2], &count) ||
      napi_get_value_int64(env, args[3], &skip) != napi_ok || count < 0 || skip < 0)
    return INVALID;
  for (int i = 0; i < count && message.msg_iovlen < CHUNKS_MAX; i++) {
    span chunk;
    if (napi_get_element(env, args[1], (uint32_t)i, &item) != napi_ok ||
        !as_bytes(env, item, &chunk))
      return INVALID;
    if ((uint64_t)skip >= chunk.length) {
      skip -= (int64_t)chunk.length;
      continue;
    }
    parts[message.msg_iovlen++] = (struct iovec){chunk.data + skip, chunk.length - (size_t)skip};
    skip = 0;
  }
  RETRY(put, sendmsg(fd, &message, MSG_NOSIGNAL));
  if (put < 0 && errno == ENOTSOCK) RETRY(put, writev(fd, parts, (int)message.msg_iovlen));
  return result(env, put);
}

/* sendRights(fd, bytes, offset, length, descriptors): SCM_RIGHTS; needs at least one byte. */
CALL(sys_send_rights) {
  napi_value args[5], item;
  arguments(env, info, 5, args);
  int fd, rights[RIGHTS_MAX];
  uint32_t count;
  span from;
  ssize_t put;
  if (!as_int(env, args[0], &fd) || !as_span(env, args + 1, &from) || from.length == 0 ||
      napi_get_array_length(env, args[4], &count) != napi_ok || count == 0 || count > RIGHTS_MAX)
    return INVALID;
  for (uint32_t i = 0; i < count; i++)
    if (napi_get_element(env, args[4], i, &item) != napi_ok || !as_int(env, item, &rights[i]))
      return INVALID;
  union {
    char bytes[CMSG_SPACE(sizeof rights)];
    struct cmsghdr align;
  } control = {0};
  struct iovec part = {from.data, from.length};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(header), rights, count * sizeof(int));
  RETRY(put, sendmsg(fd, &message, MSG_NOSIGNAL));
  return result(env, put);
}

/* readRights(fd, bytes, offset, length, into): received descriptors are appended to `into`. */
CALL(sys_read_rights) {
  napi_value args[5];
  thread_state *state = arguments(env, info, 5, args);
  int fd;
  uint32_t at;
  span to;
  ssize_t got;
  union {
    char bytes[CMSG_SPACE(sizeof(int) * RIGHTS_MAX)];
    struct cmsghdr align;
  } control;
  if (!as_int(env, args[0], &fd) || !as_span(env, args + 1, &to) ||
      napi_get_array_length(env, args[4], &at) != napi_ok)
    return INVALID;
  struct iovec part = {to.data, to.length};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control};
  RETRY(got, recvmsg(fd, &message, MSG_CMSG_CLOEXEC));
  if (got < 0) return result(env, got);
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
      int passed;
      memcpy(&passed, CMSG_DATA(h) + i * sizeof(int), sizeof passed);
      if (enter(state, passed) >= 0) napi_set_element(env, args[4], at++, number(env, passed));
    }
  }
  return number(env, got);
}

CALL(sys_splice) {
  napi_value args[3];
  arguments(env, info, 3, args);
  int in, out;
  int64_t length;
  ssize_t moved;
  if (!as_int(env, args[0], &in) || !as_int(env, args[1], &out) ||
      napi_get_value_int64(env, args[2], &length) != napi_ok || length < 0)
    return INVALID;
  RETRY(moved, splice(in, NULL, out, NULL, (size_t)length, SPLICE_F_NONBLOCK | SPLICE_F_MOVE));
  return result(env, moved);
}

CALL(sys_getsockopt) {
  napi_value args[4];
  arguments(env, info, 4, args);
  int fd, level, name;
  span to;
  if (!as_int(env, args[0], &fd) || !as_int(env, args[1], &level) ||
      !as_int(env, args[2], &name) || !as_bytes(env, args[3], &to))
    return INVALID;
  socklen_t length = (socklen_t)to.length;
  return getsockopt(fd, level, name, to.data, &length) < 0 ? result(env, -1) : number(env, length);
}

/* setsockopt(fd, level, name, value): an int, or the bytes of a structure. */
CALL(sys_setsockopt) {
  napi_value args[4];
  arguments(env, info, 4, args);
  int fd, level, name, value;
  if (!as_int(env, args[0], &fd) || !as_int(env, args[1], &level) || !as_int(env, args[2], &name))
    return INVALID;
  span from = {(uint8_t *)&value, sizeof value};
  if (!as_int(env, args[3], &value) && !as_bytes(env, args[3], &from)) return INVALID;
  return result(env, setsockopt(fd, level, name, from.data, (socklen_t)from.length));
}

static napi_value name_of(napi_env env, napi_callback_info info,
                          int (*call)(int, struct sockaddr *, socklen_t *)) {
  napi_value args[1];
  arguments(env, info, 1, args);
  int fd;
  address from = {.length = sizeof from.as};
  if (!as_int(env, args[0], &fd)) return INVALID;
  if (call(fd, &from.as.any, &from.length) < 0) return result(env, -1);
  return address_object(env, &from);
}

CALL(sys_getsockname) { return name_of(env, info, getsockname); }
CALL(sys_getpeername) { return name_of(env, info, getpeername); }

/* kind(fd): the file type bits of fstat(2), by way of libuv: fstat itself binds to a symbol that
 * the C libraries of older systems do not have. */
CALL(sys_kind) {
  napi_value args[1];
  arguments(env, info, 1, args);
  int fd;
  uv_fs_t about;
  if (!as_int(env, args[0], &fd)) return INVALID;
  int bad = uv_fs_fstat(NULL, &about, fd, NULL);
  int64_t kind = bad < 0 ? bad : (int64_t)(about.statbuf.st_mode & S_IFMT);
  uv_fs_req_cleanup(&about);
  return number(env, kind);
}

/* pending(fd, request): FIONREAD, or SIOCOUTQ for what the peer has not acknowledged yet. */
CALL(sys_pending) {
  napi_value args[2];
  arguments(env, info, 2, args);
  int fd, request, count;
  if (!as_int(env, args[0], &fd) || !as_int(env, args[1], &request)) return INVALID;
  if (request != FIONREAD && request != SIOCOUTQ) return INVALID;
  return ioctl(fd, request, &count) < 0 ? result(env, -1) : number(env, count);
}

static int as_path(napi_env env, napi_value value, char *path) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, path, PATH_MAX, &length) != napi_ok) return -EINVAL;
  if (length >= PATH_MAX - 1) return -ENAMETOOLONG;
  return length == 0 || memchr(path, '\0', length) ? -EINVAL : 0;
}

CALL(sys_unlink) {
  napi_value args[1];
  arguments(env, info, 1, args);
  char path[PATH_MAX];
  int bad = as_path(env, args[0], path);
  return bad < 0 ? number(env, bad) : result(env, unlink(path));
}

/* stat(path, into): mode, device and inode of the path itself, by way of libuv as `kind` is. */
CALL(sys_stat) {
  napi_value args[2];
  arguments(env, info, 2, args);
  char path[PATH_MAX];
  uv_fs_t about;
  int bad = as_path(env, args[0], path);
  if (bad < 0) return number(env, bad);
  bad = uv_fs_lstat(NULL, &about, path, NULL);
  if (bad == 0) {
    napi_set_element(env, args[1], 0, number(env, (int64_t)about.statbuf.st_mode));
    napi_set_element(env, args[1], 1, number(env, (int64_t)about.statbuf.st_dev));
    napi_set_element(env, args[1], 2, number(env, (int64_t)about.statbuf.st_ino));
  }
  uv_fs_req_cleanup(&about);
  return number(env, bad);
}

CALL(sys_chmod) {
  napi_value args[2];
  arguments(env, info, 2, args);
  char path[PATH_MAX];
  int mode, bad = as_path(env, args[0], path);
  if (bad < 0) return number(env, bad);
  return as_int(env, args[1], &mode) ? result(env, chmod(path, (mode_t)mode)) : INVALID;
}

/* parse(family, text): 1 where inet_pton(3) takes it, 0 where not. */
CALL(sys_parse) {
  napi_value args[2];
  arguments(env, info, 2, args);
  int family;
  char text[256];
  size_t length;
  struct in6_addr into;
  if (!as_int(env, args[0], &family) || (family != AF_INET && family != AF_INET6)) return INVALID;
  if (napi_get_value_string_utf8(env, args[1], text, sizeof text, &length) != napi_ok)
    return INVALID;
  bool whole = length < sizeof text - 1 && !memchr(text, '\0', length);
  return number(env, whole && inet_pton(family, text, &into) == 1);
}

/* ledger(): the descriptors this environment owns, in ascending order. */
CALL(sys_ledger) {
  thread_state *state = arguments(env, info, 0, NULL);
  napi_value list;
  uint32_t at = 0;
  napi_create_array(env, &list);
  for (int fd = 0; fd < state->ledger_bits; fd++)
    if (owned(state, fd)) napi_set_element(env, list, at++, number(env, fd));
  return list;
}

/* --- the poll hook -------------------------------------------------------------------------- */

/* control(fd, op, events, slot, generation): registers with the hook's own epoll descriptor. */
CALL(hook_control) {
  napi_value args[5];
  thread_state *state = arguments(env, info, 5, args);
  int fd, op, events, slot, generation;
  if (!as_int(env, args[0], &fd) || !as_int(env, args[1], &op) || !as_int(env, args[2], &events) ||
      !as_int(env, args[3], &slot) || !as_int(env, args[4], &generation))
    return INVALID;
  struct epoll_event event = {.events = (uint32_t)events};
  event.data.u64 = (uint64_t)(uint32_t)generation << 32 | (uint32_t)slot;
  return result(env, epoll_ctl(state->epoll_fd, op, fd, &event));
}

/* Runs one handler in Node's callback scope: its ticks and promise jobs run before this returns.
 * What it throws becomes an 'uncaughtException'. False once no JavaScript can run any more. */
static bool call_dispatch(thread_state *state, int32_t what) {
  napi_env env = state->env;
  napi_handle_scope scope;
  napi_value function, receiver, argument, returned, error;
  bool alive = true, pending = false;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_get_reference_value(env, state->dispatch_ref, &function);
  napi_get_reference_value(env, state->control_ref, &receiver);
  napi_create_int32(env, what, &argument);
  if (napi_make_callback(env, NULL, receiver, function, 1, &argument, &returned) != napi_ok) {
    napi_valuetype type = napi_null;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
        napi_get_and_clear_last_exception(env, &error) == napi_ok)
      napi_typeof(env, error, &type);
    /* A terminating thread shows as an exception that is null, or as none. A program can throw
     * null as well: then the status of a harmless call tells the two apart. */
    alive = pending && (type != napi_null || napi_run_script(env, NULL, NULL) == napi_invalid_arg);
    if (alive) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
  return alive;
}

static void turn_ended(uv_idle_t *idle);

static void run_turn(thread_state *state) {
  struct epoll_event events[EVENTS_PER_TURN];
  int32_t *control = state->control;
  if (state->in_turn) return;
  state->in_turn = true;
  int32_t carried = control[SLOT_NEXT];
  control[SLOT_TURN]++;
  int count = epoll_wait(state->epoll_fd, events, EVENTS_PER_TURN, 0);
  for (int i = 0; i < count; i++) {
    int32_t *to = control + SLOT_EVENTS + i * WORDS_PER_EVENT;
    to[0] = (int32_t)(uint32_t)events[i].data.u64;
    to[1] = (int32_t)(uint32_t)(events[i].data.u64 >> 32);
    to[2] = (int32_t)events[i].events;
  }
  bool alive = true;
  for (int i = 0; i < count && alive; i++) alive = call_dispatch(state, i);
  for (int32_t i = 0; i < carried && control[SLOT_NEXT] > 0 && alive; i++)
    alive = call_dispatch(state, CALL_NEXT);
  for (int i = 0; i < AGAIN_PER_TURN && control[SLOT_AGAIN] > 0 && alive; i++)
    alive = call_dispatch(state, CALL_AGAIN);
  state->in_turn = false;
  bool more = alive && (control[SLOT_NEXT] > 0 || control[SLOT_AGAIN] > 0);
  if (more)
    uv_idle_start(&state->idle, turn_ended);
  else
    uv_idle_stop(&state->idle);
}

static void poll_readable(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  run_turn(poll->data);
}

static void turn_ended(uv_idle_t *idle) { run_turn(idle->data); }

/* open(dispatch, control): the epoll descriptor, once per environment. */
CALL(hook_open) {
  napi_value args[2];
  thread_state *state = arguments(env, info, 2, args);
  uv_loop_t *loop;
  napi_typedarray_type type;
  size_t words;
  void *control;
  if (state->handles_open) return number(env, -EALREADY);
  if (napi_get_typedarray_info(env, args[1], &type, &words, &control, NULL, NULL) != napi_ok ||
      type != napi_int32_array || words < SLOT_EVENTS + EVENTS_PER_TURN * WORDS_PER_EVENT)
    return INVALID;
  napi_valuetype kind;
  if (napi_typeof(env, args[0], &kind) != napi_ok || kind != napi_function) return INVALID;
  int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return result(env, fd);
  napi_get_uv_event_loop(env, &loop);
  int bad = uv_poll_init(loop, &state->poll, fd);
  if (bad < 0) {
    close(fd);
    return number(env, bad);
  }
  uv_idle_init(loop, &state->idle);
  napi_create_reference(env, args[0], 1, &state->dispatch_ref);
  napi_create_reference(env, args[1], 1, &state->control_ref);
  state->control = control;
  state->epoll_fd = fd;
  state->handles_open = 2;
  state->poll.data = state->idle.data = state;
  uv_unref((uv_handle_t *)&state->poll);
  uv_unref((uv_handle_t *)&state->idle);
  uv_poll_start(&state->poll, UV_READABLE, poll_readable);
  return number(env, fd);
}

/* reference(on): whether registrations keep the process alive. */
CALL(hook_reference) {
  napi_value args[1];
  thread_state *state = arguments(env, info, 1, args);
  bool on;
  if (napi_get_value_bool(env, args[0], &on) != napi_ok || !state->handles_open) return INVALID;
  (on ? uv_ref : uv_unref)((uv_handle_t *)&state->poll);
  return number(env, 0);
}

/* carry(): the loop shall begin another turn without waiting. A turn stops it when all is done. */
CALL(hook_carry) {
  thread_state *state = arguments(env, info, 0, NULL);
  if (!state->handles_open) return INVALID;
  if (!state->in_turn) uv_idle_start(&state->idle, turn_ended);
  return number(env, 0);
}

/* --- life of an environment ----------------------------------------------------------------- */

static void release_state(thread_state *state) {
  napi_async_cleanup_hook_handle cleanup = state->cleanup;
  free(state->ledger);
  free(state);
  napi_remove_async_cleanup_hook(cleanup);
}

static void handle_closed(uv_handle_t *handle) {
  thread_state *state = handle->data;
  if (--state->handles_open == 0) release_state(state);
}

/* The environment ends: by itself, by process.exit() in a worker, or by terminate(). No JavaScript
 * runs any more. libuv lets go of the epoll descriptor before it is closed. */
static void environment_ends(napi_async_cleanup_hook_handle cleanup, void *data) {
  thread_state *state = data;
  state->cleanup = cleanup;
  bool open = state->handles_open > 0;
  if (open) {
    uv_close((uv_handle_t *)&state->poll, handle_closed);
    uv_close((uv_handle_t *)&state->idle, handle_closed);
    close(state->epoll_fd);
  }
  for (int fd = 0; fd < state->ledger_bits; fd++)
    if (owned(state, fd)) close(fd);
  if (!open) release_state(state);
}

typedef struct {
  const char *name;
  napi_callback call;
} export_function;

static const export_function functions[] = {
    {"socket", sys_socket},         {"socketpair", sys_socketpair},
    {"pipe", sys_pipe},             {"bind", sys_bind},
    {"connect", sys_connect},       {"listen", sys_listen},
    {"accept", sys_accept},         {"shutdown", sys_shutdown},
    {"close", sys_close},           {"adopt", sys_adopt},
    {"release", sys_release},       {"dup", sys_dup},
    {"read", sys_read},             {"peek", sys_peek},
    {"write", sys_write},           {"writev", sys_writev},
    {"sendRights", sys_send_rights}, {"readRights", sys_read_rights},
    {"splice", sys_splice},         {"getsockopt", sys_getsockopt},
    {"setsockopt", sys_setsockopt}, {"getsockname", sys_getsockname},
    {"getpeername", sys_getpeername}, {"kind", sys_kind},
    {"pending", sys_pending},       {"unlink", sys_unlink},
    {"chmod", sys_chmod},           {"parse", sys_parse},
    {"stat", sys_stat},
    {"ledger", sys_ledger},         {"hookOpen", hook_open},
    {"hookControl", hook_control},  {"hookReference", hook_reference},
    {"hookCarry", hook_carry},
};

typedef struct {
  const char *name;
  int value;
} export_constant;

#define CONSTANT(name) {#name, name}
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_INCOMING_CPU
#define SO_INCOMING_CPU 49
#endif
static const export_constant constants[] = {
    CONSTANT(AF_INET), CONSTANT(AF_INET6), CONSTANT(AF_UNIX), CONSTANT(SOCK_STREAM),
    CONSTANT(SOCK_SEQPACKET), CONSTANT(SOCK_DGRAM), CONSTANT(IPPROTO_TCP), CONSTANT(IPPROTO_IP),
    CONSTANT(IPPROTO_IPV6), CONSTANT(IPV6_V6ONLY), CONSTANT(IP_TOS), CONSTANT(IPV6_TCLASS),
    CONSTANT(SOL_SOCKET), CONSTANT(SO_ERROR), CONSTANT(SO_REUSEADDR), CONSTANT(SO_REUSEPORT),
    CONSTANT(SO_KEEPALIVE), CONSTANT(SO_LINGER), CONSTANT(SO_RCVBUF), CONSTANT(SO_SNDBUF),
    CONSTANT(SO_ACCEPTCONN), CONSTANT(SO_DOMAIN), CONSTANT(SO_TYPE), CONSTANT(SO_PEERCRED),
    CONSTANT(SO_BINDTODEVICE), CONSTANT(SO_MARK), CONSTANT(SO_INCOMING_CPU), CONSTANT(SO_COOKIE),
    CONSTANT(TCP_NODELAY), CONSTANT(TCP_KEEPIDLE), CONSTANT(TCP_KEEPINTVL), CONSTANT(TCP_KEEPCNT),
    CONSTANT(TCP_USER_TIMEOUT), CONSTANT(TCP_QUICKACK), CONSTANT(TCP_CORK), CONSTANT(TCP_INFO),
    CONSTANT(TCP_DEFER_ACCEPT), CONSTANT(TCP_FASTOPEN), CONSTANT(SHUT_RD), CONSTANT(SHUT_WR),
    CONSTANT(SHUT_RDWR), CONSTANT(EPOLLIN), CONSTANT(EPOLLOUT), CONSTANT(EPOLLERR),
    CONSTANT(EPOLLHUP), CONSTANT(EPOLLRDHUP), {"EPOLLET", (int)EPOLLET}, CONSTANT(EPOLL_CTL_ADD),
    CONSTANT(EPOLL_CTL_MOD), CONSTANT(EPOLL_CTL_DEL), CONSTANT(S_IFSOCK), CONSTANT(S_IFIFO),
    CONSTANT(S_IFCHR), CONSTANT(S_IFREG), CONSTANT(FIONREAD), CONSTANT(SIOCOUTQ),
    CONSTANT(SOMAXCONN), CONSTANT(EVENTS_PER_TURN), CONSTANT(CHUNKS_MAX),
};

NAPI_MODULE_INIT() {
  thread_state *state = calloc(1, sizeof *state);
  if (!state) return NULL;
  state->env = env;
  state->epoll_fd = -1;
  if (napi_add_async_cleanup_hook(env, environment_ends, state, &state->cleanup) != napi_ok) {
    free(state);
    return NULL;
  }
  napi_value value, table;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    const export_function *f = &functions[i];
    napi_create_function(env, f->name, NAPI_AUTO_LENGTH, f->call, state, &value);
    napi_set_named_property(env, exports, f->name, value);
  }
  napi_create_object(env, &table);
  for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
    napi_set_named_property(env, table, constants[i].name, number(env, constants[i].value));
  napi_set_named_property(env, exports, "constants", table);
  const char *sha = strchr(source_tag, ':') + 1;
  napi_create_string_utf8(env, sha, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, exports, "sourceSha256", value);
  return exports;
}
