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
  RIGHTS_MAX = 253,       /* descriptors per message: Linux allows no more */
  ARGUMENTS_MAX = 5,      /* what one call takes at most */
  SLOT_NEXT = 0, /* control words shared with JavaScript; see src/sys/hook.ts */
  SLOT_AGAIN = 1,
  SLOT_TURN = 2,
  SLOT_BEHIND = 3,
  SLOT_EVENTS = 4,
  WORDS_PER_EVENT = 3,
  CALL_NEXT = -1,
  CALL_AGAIN = -2,
  QUICK_FD = 0, /* words of the quick calls; see src/sys/quick.ts */
  QUICK_OFFSET = 1,
  QUICK_LENGTH = 2,
  QUICK_RESULT = 3,
  QUICK_WORDS = 4,
  PIN_WORDS = 2,
  PINS = 3,
};

typedef struct {
  uint8_t *data;
  size_t length;
} span;

typedef struct {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  uint8_t *ledger; /* an entry for each descriptor number: 0, or what it is */
  int ledger_size, epoll_fd, handles_open;
  uv_poll_t poll; /* finds the epoll descriptor readable */
  uv_idle_t idle; /* active while work is carried over: the loop then does not wait */
  bool in_turn;
  int32_t *control;
  napi_ref control_ref, dispatch_ref;
  span pins[PINS]; /* what the quick calls read to and write from, and their words */
} thread_state;

/* --- arguments and results ------------------------------------------------------------------ */

/* One call from JavaScript. `invoke` converts its arguments as the table of functions says:
 *   i  an int         n  a whole number >= 0      b  a Uint8Array, or what another view covers
 *   t  a string       l  an array                 s  such bytes, an offset and a length ("s..")
 *   -  anything, for the function itself to convert
 * The functions return a number >= 0, or -1 with errno set, as system calls do. */
typedef struct {
  napi_env env;
  thread_state *state;
  napi_value given[ARGUMENTS_MAX];
  int64_t numbers[ARGUMENTS_MAX]; /* i and n */
  span bytes;                     /* b and s */
  size_t text_length;
  char text[PATH_MAX + 4]; /* a string that was cut, even within a character, is too long a path */
  napi_value object;       /* is returned in place of the number, where set */
} call;

#define CALL(name) static int64_t sys_##name(call *c)
#define INT(at) ((int)c->numbers[at])

static int64_t fail(int code) {
  errno = code;
  return -1;
}

static napi_value number(napi_env env, int64_t value) {
  napi_value out = NULL;
  if (value == (int32_t)value) napi_create_int32(env, (int32_t)value, &out);
  else napi_create_int64(env, value, &out);
  return out;
}

/* An array with a getter or a setter that throws is a wrong argument like any other. */
static bool done_with(call *c, napi_status status) {
  napi_value thrown;
  if (status != napi_ok) napi_get_and_clear_last_exception(c->env, &thrown);
  return status == napi_ok;
}

static bool set(call *c, napi_value list, uint32_t at, int64_t value) {
  return done_with(c, napi_set_element(c->env, list, at, number(c->env, value)));
}

static bool get(call *c, napi_value list, int at, napi_value *out) {
  return done_with(c, napi_get_element(c->env, list, (uint32_t)at, out));
}

/* Refuses what Node-API would convert: NaN to 0, 2 ** 32 + 5 to 5. Both may be descriptors. */
static bool as_whole(call *c, napi_value value, double min, double max, int64_t *out) {
  double exact;
  if (napi_get_value_double(c->env, value, &exact) != napi_ok) return false;
  return exact >= min && exact <= max && (double)(*out = (int64_t)exact) == exact;
}

static bool as_int(call *c, napi_value value, int64_t *out) {
  return as_whole(c, value, INT_MIN, INT_MAX, out);
}

static bool as_bytes(call *c, napi_value value, span *out) {
  bool is_view;
  return napi_is_buffer(c->env, value, &is_view) == napi_ok && is_view &&
         napi_get_buffer_info(c->env, value, (void **)&out->data, &out->length) == napi_ok;
}

/* bytes[offset, offset + length), refused where it leaves the buffer. */
static bool as_span(call *c, const napi_value *from, span *out) {
  span whole;
  int64_t offset, length;
  if (!as_bytes(c, from[0], &whole) || !as_whole(c, from[1], 0, (double)whole.length, &offset) ||
      !as_whole(c, from[2], 0, (double)whole.length - (double)offset, &length))
    return false;
  *out = (span){whole.data + offset, (size_t)length};
  return true;
}

static bool convert_one(call *c, char letter, int at) {
  napi_value from = c->given[at];
  bool is_array;
  switch (letter) {
    case 'i': return as_int(c, from, &c->numbers[at]);
    case 'n': return as_whole(c, from, 0, 0x1p53, &c->numbers[at]);
    case 'b': return as_bytes(c, from, &c->bytes);
    case 's': return as_span(c, &c->given[at], &c->bytes);
    case 'l': return napi_is_array(c->env, from, &is_array) == napi_ok && is_array;
    case 't': return !napi_get_value_string_utf8(c->env, from, c->text, sizeof c->text,
                                                 &c->text_length);
    default: return true;
  }
}

typedef struct {
  const char *name, *takes;
  int64_t (*run)(call *c);
} export_function;

static napi_value invoke(napi_env env, napi_callback_info info) {
  const export_function *function;
  size_t count = ARGUMENTS_MAX; /* absent ones arrive as undefined and fail their conversion */
  call c;
  c.env = env;
  c.object = NULL;
  napi_get_cb_info(env, info, &count, c.given, NULL, (void **)&function);
  napi_get_instance_data(env, (void **)&c.state);
  bool fits = true;
  for (int i = 0; fits && function->takes[i]; i++) fits = convert_one(&c, function->takes[i], i);
  int64_t done = fits ? function->run(&c) : fail(EINVAL);
  return c.object ? c.object : number(env, done >= 0 ? done : -errno);
}

/* As `invoke`, for a function that takes "is..": the bytes are pinned, and the rest passes through
 * shared words, as converting it costs more than all else in a call. JavaScript keeps both alive,
 * and calls only while the bytes are as long as they were. `takes` is the number of the pin. */
static napi_value invoke_quick(napi_env env, napi_callback_info info) {
  const export_function *function;
  call c;
  napi_get_cb_info(env, info, NULL, NULL, NULL, (void **)&function);
  napi_get_instance_data(env, (void **)&c.state);
  int32_t *words = (int32_t *)(void *)c.state->pins[PIN_WORDS].data;
  if (!words) return NULL;
  const span *pin = &c.state->pins[function->takes[0] - '0'];
  uint32_t offset = (uint32_t)words[QUICK_OFFSET], length = (uint32_t)words[QUICK_LENGTH];
  bool fits = (uint64_t)offset + length <= pin->length && length <= INT32_MAX;
  c.numbers[0] = words[QUICK_FD];
  c.bytes = (span){pin->data + offset, length};
  int64_t done = fits ? function->run(&c) : fail(EINVAL);
  words[QUICK_RESULT] = (int32_t)(done >= 0 ? done : -errno);
  return NULL;
}

/* --- the ledger ----------------------------------------------------------------------------- */

enum { OWNED = 1, UNIX_STREAM = 2 };

static bool owned(const thread_state *state, int fd) {
  return fd >= 0 && fd < state->ledger_size && state->ledger[fd];
}

/* The entry for a descriptor: the one it has, or else by asking the kernel. */
static uint8_t entry_of(const thread_state *state, int fd) {
  int family = 0, type = 0;
  socklen_t size = sizeof(int);
  if (owned(state, fd)) return state->ledger[fd];
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  return family == AF_UNIX && type == SOCK_STREAM ? OWNED | UNIX_STREAM : OWNED;
}

static bool reserve(thread_state *state, int fd) {
  if (fd < state->ledger_size) return true;
  size_t size = (size_t)fd + 1024, old = (size_t)state->ledger_size;
  uint8_t *grown = realloc(state->ledger, size);
  if (!grown) return false;
  memset(grown + old, 0, size - old);
  state->ledger = grown;
  state->ledger_size = (int)size;
  return true;
}

/* Enters a fresh descriptor, which is of the kind of `like`; passes errors through. Without memory
 * for it the descriptor goes. */
static int64_t enter(thread_state *state, int fd, int like) {
  if (fd < 0) return -1;
  if (!reserve(state, fd)) return close(fd), fail(ENOMEM);
  state->ledger[fd] = entry_of(state, like);
  return fd;
}

/* Enters fresh descriptors and writes them to list[at …]: all, or else none and they go. */
static int64_t deliver(call *c, const int *fds, uint32_t count, napi_value list, uint32_t at) {
  int bad = 0;
  for (uint32_t i = 0; i < count && !bad; i++)
    bad = !reserve(c->state, fds[i]) ? ENOMEM : !set(c, list, at + i, fds[i]) ? EINVAL : 0;
  for (uint32_t i = 0; i < count; i++)
    if (bad) close(fds[i]);
    else c->state->ledger[fds[i]] = entry_of(c->state, fds[i]);
  return bad ? fail(bad) : 0;
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

static const size_t PATH_AT = offsetof(struct sockaddr_un, sun_path);

static int64_t address_of_path(const char *text, size_t length, address *out) {
  /* A path keeps room for its terminator; an abstract name is counted, and has none. */
  size_t terminator = length > 0 && text[0] == '\0' ? 0 : 1;
  if (length == 0 || (terminator && memchr(text, '\0', length))) return fail(EINVAL);
  if (length + terminator > sizeof out->as.path.sun_path) return fail(ENAMETOOLONG);
  out->as.path.sun_family = AF_UNIX;
  memcpy(out->as.path.sun_path, text, length);
  out->length = (socklen_t)(PATH_AT + length + terminator);
  return 0;
}

/* What stands behind the '%' of an IPv6 address: a number, or the name of an interface. */
static uint32_t scope_of(const char *zone) {
  uint64_t index = 0;
  size_t length = strlen(zone);
  if (length == 0 || length >= IF_NAMESIZE) return 0; /* the C library might cut it */
  if (strspn(zone, "0123456789") < length) return if_nametoindex(zone);
  while (*zone) index = index * 10 + (uint64_t)(*zone++ - '0');
  return index > UINT32_MAX ? 0 : (uint32_t)index;
}

static int64_t address_of_ip(int family, char *text, int port, address *out) {
  bool v6 = family == AF_INET6;
  char *zone = v6 ? strchr(text, '%') : NULL;
  if (port < 0 || port > 65535) return fail(EINVAL);
  if (zone) {
    *zone++ = '\0';
    if ((out->as.v6.sin6_scope_id = scope_of(zone)) == 0) return fail(EINVAL);
  }
  out->as.any.sa_family = (sa_family_t)family;
  out->as.v4.sin_port = htons((uint16_t)port); /* lies at the same place in both */
  out->length = v6 ? sizeof out->as.v6 : sizeof out->as.v4;
  void *to = v6 ? (void *)&out->as.v6.sin6_addr : (void *)&out->as.v4.sin_addr;
  return inet_pton(family, text, to) == 1 ? 0 : fail(EINVAL);
}

/* From the arguments fd, family, text (an IP or a path) and port. */
static int64_t as_address(call *c, address *out) {
  int family = INT(1);
  memset(out, 0, sizeof *out);
  if (family == AF_UNIX) return address_of_path(c->text, c->text_length, out);
  if (family != AF_INET && family != AF_INET6) return fail(EAFNOSUPPORT);
  if (memchr(c->text, '\0', c->text_length)) return fail(EINVAL);
  return address_of_ip(family, c->text, INT(3), out);
}

/* {family, address, port}, with the path (empty where unnamed) as the address of a UNIX socket. */
static napi_value address_object(napi_env env, const address *from) {
  int family = from->as.any.sa_family;
  bool v6 = family == AF_INET6, ip = v6 || family == AF_INET;
  const struct sockaddr_in6 *six = &from->as.v6;
  char ip_text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE] = "";
  const char *text = ip ? ip_text : from->as.path.sun_path;
  size_t length = from->length > PATH_AT ? from->length - PATH_AT : 0;
  napi_value object, value;
  if (ip) {
    const void *bytes = v6 ? (void *)&six->sin6_addr : (void *)&from->as.v4.sin_addr;
    inet_ntop(family, bytes, ip_text, sizeof ip_text);
    length = strlen(ip_text);
    if (v6 && six->sin6_scope_id && IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr) &&
        if_indextoname(six->sin6_scope_id, ip_text + length + 1)) {
      ip_text[length] = '%';
      length = strlen(ip_text);
    }
  } else if (length > 0 && text[0] != '\0') {
    length = strnlen(text, length);
  }
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "family", number(env, family));
  napi_create_string_utf8(env, text, length, &value);
  napi_set_named_property(env, object, "address", value);
  napi_set_named_property(env, object, "port", number(env, ip ? ntohs(from->as.v4.sin_port) : 0));
  return object;
}

/* --- system calls --------------------------------------------------------------------------- */

/* A signal handler that ran in the middle is no reason to give up. Not for close(2), which has
 * freed the number by then, and not for connect(2), which goes on in the background. */
#define RETRY(to, call) \
  do {                  \
    (to) = (call);      \
  } while ((to) < 0 && errno == EINTR)

CALL(socket) {
  int fd = socket(INT(0), INT(1) | SOCK_CLOEXEC | SOCK_NONBLOCK, INT(2));
  return enter(c->state, fd, fd);
}

CALL(socketpair) {
  int pair[2];
  if (socketpair(INT(0), INT(1) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) return -1;
  return deliver(c, pair, 2, c->given[2], 0);
}

CALL(pipe) {
  int pair[2];
  return pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0 ? -1 : deliver(c, pair, 2, c->given[0], 0);
}

CALL(bind) {
  address to;
  return as_address(c, &to) < 0 ? -1 : bind(INT(0), &to.as.any, to.length);
}

CALL(connect) {
  address to;
  if (as_address(c, &to) < 0) return -1;
  int done = connect(INT(0), &to.as.any, to.length);
  return done < 0 && errno == EINTR ? fail(EINPROGRESS) : done;
}

CALL(listen) { return listen(INT(0), INT(1)); }

CALL(accept) {
  int accepted;
  RETRY(accepted, accept4(INT(0), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
  return enter(c->state, accepted, INT(0));
}

CALL(shutdown) { return shutdown(INT(0), INT(1)); }

/* close(fd, epollFd): leaves the epoll set first, since the description may live on elsewhere. */
CALL(close) {
  if (!owned(c->state, INT(0))) return fail(EBADF);
  if (INT(1) >= 0) epoll_ctl(INT(1), EPOLL_CTL_DEL, INT(0), NULL);
  c->state->ledger[INT(0)] = 0;
  return close(INT(0));
}

/* adopt(fd): takes over a descriptor made elsewhere. Node never gives one of its own to this. */
CALL(adopt) {
  int fd = INT(0), flags;
  if (owned(c->state, fd)) return fail(EEXIST);
  if ((flags = fcntl(fd, F_GETFL)) < 0) return -1;
  if (!reserve(c->state, fd)) return fail(ENOMEM); /* it stays the caller's, so stays open */
  if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return -1;
  return enter(c->state, fd, fd);
}

/* release(fd): the descriptor stays open and is somebody else's from now on. */
CALL(release) {
  if (!owned(c->state, INT(0))) return fail(EBADF);
  c->state->ledger[INT(0)] = 0;
  return INT(0);
}

CALL(dup) { return enter(c->state, fcntl(INT(0), F_DUPFD_CLOEXEC, 0), INT(0)); }

/* A UNIX stream stops at a message with descriptors, though more may be queued behind it. Callers
 * take a short read for the last, so this goes on. (The descriptors are refused: there is no room
 * for them, and the kernel closes them.) It asks before it reads on, as an error that waits behind
 * the bytes has to stay for the next call. */
static int64_t receive_unix(int fd, span to) {
  struct iovec part = {to.data, to.length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  ssize_t got;
  int queued;
  do {
    RETRY(got, recvmsg(fd, &message, 0));
    if (got <= 0) break;
    part = (struct iovec){(uint8_t *)part.iov_base + got, part.iov_len - (size_t)got};
  } while (message.msg_flags & MSG_CTRUNC && part.iov_len > 0 &&
           ioctl(fd, FIONREAD, &queued) == 0 && queued > 0);
  return part.iov_len < to.length ? (int64_t)(to.length - part.iov_len) : got;
}

/* read(fd, bytes, offset, length): recv(2), or read(2) where the descriptor is no socket. */
CALL(read) {
  span to = c->bytes;
  ssize_t got;
  if (owned(c->state, INT(0)) && c->state->ledger[INT(0)] & UNIX_STREAM)
    return receive_unix(INT(0), to);
  RETRY(got, recv(INT(0), to.data, to.length, 0));
  if (got < 0 && errno == ENOTSOCK) RETRY(got, read(INT(0), to.data, to.length));
  return got;
}

CALL(peek) {
  ssize_t got;
  RETRY(got, recv(INT(0), c->bytes.data, c->bytes.length, MSG_PEEK));
  return got;
}

CALL(write) {
  ssize_t put;
  RETRY(put, send(INT(0), c->bytes.data, c->bytes.length, MSG_NOSIGNAL));
  if (put < 0 && errno == ENOTSOCK) RETRY(put, write(INT(0), c->bytes.data, c->bytes.length));
  return put;
}

/* The kernel may hold these bytes back for what follows: they and the FIN make one segment. */
CALL(writeMore) {
  ssize_t put;
  RETRY(put, send(INT(0), c->bytes.data, c->bytes.length, MSG_NOSIGNAL | MSG_MORE));
  return put;
}

/* Takes the first `count` of an array of chunks for parts, without their first `skip` bytes. */
static bool gather(call *c, size_t skip, struct msghdr *message) {
  int count = c->numbers[2] < CHUNKS_MAX ? INT(2) : CHUNKS_MAX;
  napi_value chunks[CHUNKS_MAX];
  span chunk;
  /* All of them first: a getter in the array could free a chunk that was converted already. */
  for (int i = 0; i < count; i++)
    if (!get(c, c->given[1], i, &chunks[i])) return false;
  for (int i = 0; i < count; i++) {
    if (!as_bytes(c, chunks[i], &chunk)) return false;
    size_t cut = skip < chunk.length ? skip : chunk.length;
    skip -= cut;
    if (cut == chunk.length) continue;
    message->msg_iov[message->msg_iovlen++] = (struct iovec){chunk.data + cut, chunk.length - cut};
  }
  return true;
}

/* writev(fd, chunks, count, skip) */
CALL(writev) {
  struct iovec parts[CHUNKS_MAX];
  struct msghdr message = {.msg_iov = parts};
  ssize_t put;
  if (!gather(c, (size_t)c->numbers[3], &message)) return fail(EINVAL);
  RETRY(put, sendmsg(INT(0), &message, MSG_NOSIGNAL));
  if (put < 0 && errno == ENOTSOCK) RETRY(put, writev(INT(0), parts, (int)message.msg_iovlen));
  return put;
}

/* readv(fd, chunks, count): fills one after the other from a TCP socket. */
CALL(readv) {
  struct iovec parts[CHUNKS_MAX];
  struct msghdr message = {.msg_iov = parts};
  ssize_t got;
  if (!gather(c, 0, &message)) return fail(EINVAL);
  RETRY(got, recvmsg(INT(0), &message, 0));
  return got;
}

typedef union {
  char bytes[CMSG_SPACE(sizeof(int) * RIGHTS_MAX)];
  struct cmsghdr align;
} rights_buffer;

/* sendRights(fd, bytes, offset, length, descriptors): SCM_RIGHTS; needs at least one byte. */
CALL(sendRights) {
  int rights[RIGHTS_MAX];
  uint32_t count;
  napi_value item;
  int64_t fd;
  ssize_t put;
  napi_get_array_length(c->env, c->given[4], &count);
  if (count == 0 || count > RIGHTS_MAX) return fail(EINVAL);
  for (uint32_t i = 0; i < count; rights[i++] = (int)fd)
    if (!get(c, c->given[4], (int)i, &item) || !as_int(c, item, &fd)) return fail(EINVAL);
  /* Only now, as a getter in the array could have freed them. */
  if (!as_span(c, &c->given[1], &c->bytes) || c->bytes.length == 0) return fail(EINVAL);
  rights_buffer control = {0};
  struct iovec part = {c->bytes.data, c->bytes.length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(header), rights, count * sizeof(int));
  RETRY(put, sendmsg(INT(0), &message, MSG_NOSIGNAL));
  return put;
}

/* readRights(fd, bytes, offset, length, into): received descriptors are appended to `into`. */
CALL(readRights) {
  uint32_t at;
  int passed;
  ssize_t got;
  rights_buffer control;
  struct iovec part = {c->bytes.data, c->bytes.length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
  message.msg_controllen = sizeof control;
  napi_get_array_length(c->env, c->given[4], &at);
  RETRY(got, recvmsg(INT(0), &message, MSG_CMSG_CLOEXEC));
  if (got < 0) return -1;
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / sizeof passed; i++) {
      memcpy(&passed, CMSG_DATA(h) + i * sizeof passed, sizeof passed);
      if (deliver(c, &passed, 1, c->given[4], at) == 0) at++;
    }
  }
  return got;
}

CALL(splice) {
  unsigned flags = SPLICE_F_NONBLOCK | SPLICE_F_MOVE;
  ssize_t moved;
  RETRY(moved, splice(INT(0), NULL, INT(1), NULL, (size_t)c->numbers[2], flags));
  return moved;
}

/* pipeSize(fd, bytes): F_SETPIPE_SZ; what it came to. */
CALL(pipeSize) { return fcntl(INT(0), F_SETPIPE_SZ, INT(1)); }

static socklen_t option_length(span bytes) {
  return bytes.length < INT_MAX ? (socklen_t)bytes.length : INT_MAX;
}

CALL(getsockopt) {
  socklen_t length = option_length(c->bytes);
  int bad = getsockopt(INT(0), INT(1), INT(2), c->bytes.data, &length);
  return bad < 0 ? -1 : (int64_t)length;
}

/* setsockopt(fd, level, name, value): an int, or the bytes of a structure. */
CALL(setsockopt) {
  int64_t whole;
  int value;
  if (as_int(c, c->given[3], &whole)) {
    value = (int)whole;
    c->bytes = (span){(uint8_t *)&value, sizeof value};
  } else if (!as_bytes(c, c->given[3], &c->bytes)) {
    return fail(EINVAL);
  }
  return setsockopt(INT(0), INT(1), INT(2), c->bytes.data, option_length(c->bytes));
}

static int64_t name_of(call *c, int (*ask)(int, struct sockaddr *, socklen_t *)) {
  address from = {.length = sizeof from.as};
  if (ask(INT(0), &from.as.any, &from.length) < 0) return -1;
  c->object = address_object(c->env, &from);
  return 0;
}

CALL(getsockname) { return name_of(c, getsockname); }
CALL(getpeername) { return name_of(c, getpeername); }

/* kind(fd): the file type bits of fstat(2), by way of libuv: fstat itself binds to a symbol that
 * the C libraries of older systems do not have. */
CALL(kind) {
  uv_fs_t about;
  int bad = uv_fs_fstat(NULL, &about, INT(0), NULL);
  return bad < 0 ? fail(-bad) : (int64_t)(about.statbuf.st_mode & S_IFMT);
}

/* pending(fd, request): FIONREAD, or SIOCOUTQ for what the peer has not acknowledged yet. */
CALL(pending) {
  int count;
  if (INT(1) != FIONREAD && INT(1) != SIOCOUTQ) return fail(EINVAL);
  return ioctl(INT(0), (unsigned)INT(1), &count) < 0 ? -1 : count;
}

static bool is_path(const call *c) {
  bool fits = c->text_length < PATH_MAX;
  bool sound = c->text_length > 0 && !memchr(c->text, '\0', c->text_length);
  if (!fits || !sound) errno = fits ? EINVAL : ENAMETOOLONG;
  return fits && sound;
}

CALL(unlink) { return is_path(c) ? unlink(c->text) : -1; }

CALL(chmod) {
  if (c->numbers[1] > 07777) return fail(EINVAL);
  return is_path(c) ? chmod(c->text, (mode_t)c->numbers[1]) : -1;
}

/* stat(path, into): mode, device and inode of the path itself, by way of libuv as `kind` is. */
CALL(stat) {
  uv_fs_t about;
  const uv_stat_t *found = &about.statbuf;
  if (!is_path(c)) return -1;
  int bad = uv_fs_lstat(NULL, &about, c->text, NULL);
  if (bad < 0) return fail(-bad);
  bool written = set(c, c->given[1], 0, (int64_t)found->st_mode) &&
                 set(c, c->given[1], 1, (int64_t)found->st_dev) &&
                 set(c, c->given[1], 2, (int64_t)found->st_ino);
  return written ? 0 : fail(EINVAL);
}

/* parse(family, text): 1 where inet_pton(3) takes it, 0 where not. */
CALL(parse) {
  struct in6_addr into;
  if (INT(0) != AF_INET && INT(0) != AF_INET6) return fail(EINVAL);
  return !memchr(c->text, '\0', c->text_length) && inet_pton(INT(0), c->text, &into) == 1;
}

/* ledger(): the descriptors this environment owns, in ascending order. */
CALL(ledger) {
  uint32_t at = 0;
  napi_create_array(c->env, &c->object);
  for (int fd = 0; fd < c->state->ledger_size; fd++)
    if (owned(c->state, fd)) set(c, c->object, at++, fd);
  return 0;
}

/* pin(which, bytes): what quick calls read to (0) and write from (1), and their words (2). */
CALL(quickPin) {
  size_t least = INT(0) == PIN_WORDS ? QUICK_WORDS * sizeof(int32_t) : 0;
  if (INT(0) < 0 || INT(0) >= PINS || c->bytes.length < least) return fail(EINVAL);
  c->state->pins[INT(0)] = c->bytes;
  return 0;
}

/* --- the poll hook -------------------------------------------------------------------------- */

/* Runs one handler in Node's callback scope: its ticks and promise jobs run before this returns.
 * What it throws becomes an 'uncaughtException'. False once no JavaScript can run any more. */
static bool dispatch(thread_state *state, int32_t what) {
  napi_env env = state->env;
  napi_handle_scope scope;
  napi_value function, receiver, argument, returned, error;
  bool alive = true, thrown = false, any;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_get_reference_value(env, state->dispatch_ref, &function);
  napi_get_reference_value(env, state->control_ref, &receiver);
  napi_create_int32(env, what, &argument);
  if (napi_make_callback(env, NULL, receiver, function, 1, &argument, &returned) != napi_ok) {
    if (napi_is_exception_pending(env, &thrown) != napi_ok) thrown = false;
    if (thrown) napi_get_and_clear_last_exception(env, &error);
    /* A terminating thread may show as an exception that is null, and a program can throw null
     * as well. A call that does nothing tells: Node-API refuses it once JavaScript cannot run. */
    alive = napi_has_element(env, receiver, 0, &any) == napi_ok;
    if (alive && thrown) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
  return alive;
}

static void idle_runs(uv_idle_t *idle);

static void run_turn(thread_state *state) {
  struct epoll_event events[EVENTS_PER_TURN];
  int32_t *control = state->control;
  if (state->in_turn) return; /* a handler runs the loop itself, and its events are in `control` */
  state->in_turn = true;
  int32_t carried = control[SLOT_NEXT];
  control[SLOT_TURN] = (int32_t)((uint32_t)control[SLOT_TURN] + 1);
  int count = epoll_wait(state->epoll_fd, events, EVENTS_PER_TURN, 0);
  for (int i = 0; i < count; i++) {
    int32_t *to = control + SLOT_EVENTS + i * WORDS_PER_EVENT;
    to[0] = (int32_t)(uint32_t)events[i].data.u64;
    to[1] = (int32_t)(uint32_t)(events[i].data.u64 >> 32);
    to[2] = (int32_t)events[i].events;
  }
  bool alive = true;
  for (int i = 0; i < count && alive;) {
    int behind = count - i - 1;
    control[SLOT_BEHIND] = behind;
    alive = dispatch(state, i);
    int left = control[SLOT_BEHIND]; /* a call may take more than its own event */
    i = count - (left >= 0 && left < behind ? left : behind);
  }
  for (int32_t i = 0; i < carried && control[SLOT_NEXT] > 0 && alive; i++)
    alive = dispatch(state, CALL_NEXT);
  for (int i = 0; i < AGAIN_PER_TURN && control[SLOT_AGAIN] > 0 && alive; i++)
    alive = dispatch(state, CALL_AGAIN);
  state->in_turn = false;
  if (alive && (control[SLOT_NEXT] > 0 || control[SLOT_AGAIN] > 0))
    uv_idle_start(&state->idle, idle_runs);
  else
    uv_idle_stop(&state->idle);
}

static void poll_readable(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  run_turn(poll->data);
}

static void idle_runs(uv_idle_t *idle) { run_turn(idle->data); }

/* hookOpen(dispatch, control): the epoll descriptor, once per environment. */
CALL(hookOpen) {
  thread_state *state = c->state;
  uv_loop_t *loop;
  napi_valuetype kind;
  napi_typedarray_type type;
  size_t words;
  void *control;
  if (state->handles_open) return fail(EALREADY);
  if (napi_typeof(c->env, c->given[0], &kind) != napi_ok || kind != napi_function ||
      napi_get_typedarray_info(c->env, c->given[1], &type, &words, &control, NULL, NULL) ||
      type != napi_int32_array || words < SLOT_EVENTS + EVENTS_PER_TURN * WORDS_PER_EVENT)
    return fail(EINVAL);
  napi_get_uv_event_loop(c->env, &loop);
  int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return -1;
  int bad = uv_poll_init(loop, &state->poll, fd);
  if (bad < 0) return close(fd), fail(-bad);
  uv_idle_init(loop, &state->idle);
  napi_create_reference(c->env, c->given[0], 1, &state->dispatch_ref);
  napi_create_reference(c->env, c->given[1], 1, &state->control_ref);
  state->control = control;
  state->epoll_fd = fd;
  state->handles_open = 2;
  state->poll.data = state->idle.data = state;
  uv_unref((uv_handle_t *)&state->poll);
  uv_unref((uv_handle_t *)&state->idle);
  uv_poll_start(&state->poll, UV_READABLE, poll_readable);
  return fd;
}

/* hookControl(fd, op, events, slot, generation): for the hook's own epoll descriptor. */
CALL(hookControl) {
  struct epoll_event event = {.events = (uint32_t)INT(2)};
  event.data.u64 = (uint64_t)(uint32_t)INT(4) << 32 | (uint32_t)INT(3);
  return epoll_ctl(c->state->epoll_fd, INT(1), INT(0), &event);
}

/* hookReference(on): whether registrations keep the process alive. */
CALL(hookReference) {
  bool on;
  if (napi_get_value_bool(c->env, c->given[0], &on) != napi_ok || !c->state->handles_open)
    return fail(EINVAL);
  (on ? uv_ref : uv_unref)((uv_handle_t *)&c->state->poll);
  return 0;
}

/* hookCarry(): the loop shall begin another turn without waiting. A turn stops it at its end. */
CALL(hookCarry) {
  if (!c->state->handles_open) return fail(EINVAL);
  if (!c->state->in_turn) uv_idle_start(&c->state->idle, idle_runs);
  return 0;
}

/* hookReport(error): makes it an 'uncaughtException' from within a handler. */
CALL(hookReport) {
  return napi_fatal_exception(c->env, c->given[0]) == napi_ok ? 0 : fail(EINVAL);
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
  for (int fd = 0; fd < state->ledger_size; fd++)
    if (owned(state, fd)) close(fd);
  if (!open) release_state(state);
}

#define F(name, takes) {#name, takes, sys_##name}
static const export_function functions[] = {
    F(socket, "iii"), F(socketpair, "iil"), F(pipe, "l"), F(bind, "iiti"), F(connect, "iiti"),
    F(listen, "ii"), F(accept, "i"), F(shutdown, "ii"), F(close, "ii"), F(adopt, "i"),
    F(release, "i"), F(dup, "i"), F(read, "is.."), F(peek, "is.."), F(write, "is.."),
    F(writeMore, "is.."), F(writev, "ilnn"), F(sendRights, "i---l"), F(readRights, "is..l"),
    F(readv, "iln"), F(splice, "iin"), F(pipeSize, "ii"), F(getsockopt, "iiib"),
    F(setsockopt, "iii-"), F(getsockname, "i"), F(getpeername, "i"), F(kind, "i"), F(pending, "ii"),
    F(unlink, "t"), F(chmod, "tn"), F(stat, "tl"), F(parse, "it"), F(ledger, ""), F(hookOpen, "--"),
    F(hookControl, "iiiii"), F(hookReference, "-"), F(hookCarry, ""), F(hookReport, "-"),
};
static const export_function quick_pin = {"pin", "ib", sys_quickPin};
static const export_function quick_functions[] = {
    {"read", "0", sys_read}, {"write", "1", sys_write}, {"writeMore", "1", sys_writeMore},
};

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_INCOMING_CPU
#define SO_INCOMING_CPU 49
#endif
#define C(name) {#name, (int)name}
static const struct {
  const char *name;
  int value;
} constants[] = {
    C(AF_INET), C(AF_INET6), C(AF_UNIX), C(SOCK_STREAM), C(SOCK_SEQPACKET), C(SOCK_DGRAM),
    C(IPPROTO_TCP), C(IPPROTO_IP), C(IPPROTO_IPV6), C(IPV6_V6ONLY), C(IP_TOS), C(IPV6_TCLASS),
    C(SOL_SOCKET), C(SO_ERROR), C(SO_REUSEADDR), C(SO_REUSEPORT), C(SO_KEEPALIVE), C(SO_LINGER),
    C(SO_RCVBUF), C(SO_SNDBUF), C(SO_ACCEPTCONN), C(SO_DOMAIN), C(SO_TYPE), C(SO_PEERCRED),
    C(SO_BINDTODEVICE), C(SO_MARK), C(SO_INCOMING_CPU), C(SO_COOKIE), C(TCP_NODELAY),
    C(TCP_KEEPIDLE),
    C(TCP_KEEPINTVL), C(TCP_KEEPCNT), C(TCP_USER_TIMEOUT), C(TCP_QUICKACK), C(TCP_CORK),
    C(TCP_INFO), C(TCP_DEFER_ACCEPT), C(TCP_FASTOPEN), C(SHUT_RD), C(SHUT_WR), C(SHUT_RDWR),
    C(EPOLLIN), C(EPOLLPRI), C(EPOLLOUT), C(EPOLLERR), C(EPOLLHUP), C(EPOLLRDHUP), C(EPOLLET),
    C(EPOLL_CTL_ADD), C(EPOLL_CTL_MOD), C(EPOLL_CTL_DEL), C(S_IFSOCK), C(S_IFIFO), C(S_IFCHR),
    C(S_IFREG), C(FIONREAD), C(SIOCOUTQ), C(SOMAXCONN), C(EVENTS_PER_TURN), C(CHUNKS_MAX),
};

static void export_all(napi_env env, napi_value to, const export_function *from, size_t count,
                       napi_callback run) {
  napi_value value;
  for (const export_function *f = from; f < from + count; f++) {
    napi_create_function(env, f->name, NAPI_AUTO_LENGTH, run, (void *)f, &value);
    napi_set_named_property(env, to, f->name, value);
  }
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

NAPI_MODULE_INIT() {
  thread_state *state = calloc(1, sizeof *state);
  napi_value value, table;
  if (!state || napi_set_instance_data(env, state, NULL, NULL) != napi_ok ||
      napi_add_async_cleanup_hook(env, environment_ends, state, &state->cleanup) != napi_ok) {
    free(state);
    napi_throw_error(env, "ENOMEM", "barewire: there is no memory for the native file");
    return NULL;
  }
  state->env = env;
  state->epoll_fd = -1;
  export_all(env, exports, functions, COUNT(functions), invoke);
  napi_create_object(env, &table);
  export_all(env, table, &quick_pin, 1, invoke);
  export_all(env, table, quick_functions, COUNT(quick_functions), invoke_quick);
  napi_set_named_property(env, exports, "quick", table);
  napi_create_object(env, &table);
  for (size_t i = 0; i < COUNT(constants); i++)
    napi_set_named_property(env, table, constants[i].name, number(env, constants[i].value));
  napi_set_named_property(env, exports, "constants", table);
  const char *sha = strchr(source_tag, ':') + 1;
  napi_create_string_utf8(env, sha, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, exports, "sourceSha256", value);
  return exports;
}
