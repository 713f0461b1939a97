/* barewire.c: the one native file. It makes system calls, converts socket addresses and hooks an
 * epoll descriptor into Node's event loop. It decides nothing: what can be TypeScript is.
 *
 * Every call exported to JavaScript returns a number >= 0, or -errno. None throws. Every buffer
 * offset and length is checked against the buffer it indexes. A descriptor made by a call here is
 * entered in the ledger by that call, and leaves it just before close(2); what is still in it when
 * the environment ends (a terminated worker, say) is closed then. close() refuses numbers that are
 * not in the ledger, so that no mistake above can close one of Node's own descriptors.
 *
 * No call waits, though a process that shares a descriptor may have made it a blocking one. Where a
 * sandbox refuses a call that libuv does without, the call that libuv makes takes its place.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
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
#include <sys/syscall.h>
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
  SLOT_FLUSH = 4,
  SLOT_EVENTS = 5,
  WORDS_PER_EVENT = 3,
  CALL_NEXT = -1,
  CALL_AGAIN = -2,
  CALL_FAILED = -3,
  CALL_WAITS = -4,
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
  uv_prepare_t prepare; /* runs before each wait of the loop */
  bool in_turn;
  int count, left; /* events in `control`, and how many of them no call was given */
  int failed; /* what waiting for events failed with: there are no more */
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

/* --- system calls --------------------------------------------------------------------------- */

/* What a filter answers for a system call that it does not let through. */
static bool refused(void) { return errno == EPERM || errno == ENOSYS || errno == EACCES; }

static bool set_flags(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
         fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

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

/* bind(fd, address) and connect(fd, address): the bytes of a struct sockaddr. */
#define SOCKADDR ((struct sockaddr *)(void *)c->bytes.data), (socklen_t)c->bytes.length

CALL(bind) { return bind(INT(0), SOCKADDR); }

CALL(connect) {
  int done = connect(INT(0), SOCKADDR);
  return done < 0 && errno == EINTR ? fail(EINPROGRESS) : done;
}

CALL(listen) { return listen(INT(0), INT(1)); }

static bool blocks(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && !(flags & O_NONBLOCK);
}

static int accept_one(int fd) {
  int accepted;
  RETRY(accepted, accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (accepted >= 0 || !refused()) return accepted;
  RETRY(accepted, accept(fd, NULL, NULL));
  if (accepted >= 0) set_flags(accepted);
  return accepted;
}

/* accept(fd, shared): there is no MSG_DONTWAIT for it. Where another process shares the listener
 * and has made it blocking, it is none during the call: the other may take the connection first. */
CALL(accept) {
  bool shared = false;
  napi_get_value_bool(c->env, c->given[1], &shared);
  shared = shared && blocks(INT(0));
  if (shared) fcntl(INT(0), F_SETFL, fcntl(INT(0), F_GETFL) | O_NONBLOCK);
  int accepted = accept_one(INT(0)), code = errno;
  if (shared) fcntl(INT(0), F_SETFL, fcntl(INT(0), F_GETFL) & ~O_NONBLOCK);
  errno = code;
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
  int fd = INT(0);
  if (owned(c->state, fd)) return fail(EEXIST);
  if (fcntl(fd, F_GETFL) < 0) return -1;
  if (!reserve(c->state, fd)) return fail(ENOMEM); /* it stays the caller's, so stays open */
  return set_flags(fd) ? enter(c->state, fd, fd) : -1;
}

/* release(fd): the descriptor stays open and is somebody else's from now on. */
CALL(release) {
  if (!owned(c->state, INT(0))) return fail(EBADF);
  c->state->ledger[INT(0)] = 0;
  return INT(0);
}

CALL(dup) { return enter(c->state, fcntl(INT(0), F_DUPFD_CLOEXEC, 0), INT(0)); }

/* The plain calls, for what is no socket, and for sockets where a sandbox refuses send and receive.
 * RWF_NOWAIT is their MSG_DONTWAIT. Pipes know it since Linux 6.4: before, and where it is refused,
 * one that somebody made blocking waits. */
static ssize_t plain(bool out, int fd, const struct iovec *parts, int count) {
  ssize_t done;
  RETRY(done, syscall(out ? SYS_pwritev2 : SYS_preadv2, fd, parts, count, -1L, 0L, RWF_NOWAIT));
  if (done >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && !refused())) return done;
  if (count == 1 && !out) RETRY(done, read(fd, parts->iov_base, parts->iov_len));
  else if (count == 1) RETRY(done, write(fd, parts->iov_base, parts->iov_len));
  else RETRY(done, writev(fd, parts, count));
  return done;
}

/* The errors after which `plain` does it. */
static bool wants_plain(void) { return errno == ENOTSOCK || refused(); }

static ssize_t put(int fd, span from, int flags) {
  struct iovec part = {from.data, from.length};
  ssize_t done;
  RETRY(done, send(fd, from.data, from.length, MSG_NOSIGNAL | MSG_DONTWAIT | flags));
  return done < 0 && wants_plain() ? plain(true, fd, &part, 1) : done;
}

/* Fills one part after the other. A UNIX stream stops at a message with descriptors, though more
 * may be queued behind it. Callers take a short read for the last, so this goes on. (There is no
 * room for the descriptors: the kernel closes them.) It asks before it reads on, as an error that
 * waits behind the bytes has to stay for the next call. */
static int64_t receive(int fd, struct iovec *parts, int count) {
  int64_t all = 0;
  for (bool more = true; more && count > 0;) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    ssize_t got;
    int queued;
    RETRY(got, recvmsg(fd, &message, MSG_DONTWAIT));
    bool by_read = got < 0 && refused();
    if (by_read) got = plain(false, fd, parts, 1);
    if (got <= 0) return all > 0 ? all : got;
    all += got;
    for (; count > 0 && (size_t)got >= parts->iov_len; parts++, count--)
      got -= (ssize_t)parts->iov_len;
    if (count > 0)
      *parts = (struct iovec){(char *)parts->iov_base + got, parts->iov_len - (size_t)got};
    more = (by_read || message.msg_flags & MSG_CTRUNC) && ioctl(fd, FIONREAD, &queued) == 0 &&
           queued > 0;
  }
  return all;
}

/* read(fd, bytes, offset, length): recv(2), or read(2) where the descriptor is no socket. */
CALL(read) {
  struct iovec part = {c->bytes.data, c->bytes.length};
  ssize_t got;
  if (owned(c->state, INT(0)) && c->state->ledger[INT(0)] & UNIX_STREAM)
    return receive(INT(0), &part, 1);
  RETRY(got, recv(INT(0), part.iov_base, part.iov_len, MSG_DONTWAIT));
  return got < 0 && wants_plain() ? plain(false, INT(0), &part, 1) : got;
}

CALL(peek) {
  ssize_t got;
  RETRY(got, recv(INT(0), c->bytes.data, c->bytes.length, MSG_PEEK | MSG_DONTWAIT));
  return got;
}

CALL(write) { return put(INT(0), c->bytes, 0); }

/* The kernel may hold these bytes back for what follows: they and the FIN make one segment. */
CALL(writeMore) { return put(INT(0), c->bytes, MSG_MORE); }

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
  RETRY(put, sendmsg(INT(0), &message, MSG_NOSIGNAL | MSG_DONTWAIT));
  return put < 0 && wants_plain() ? plain(true, INT(0), parts, (int)message.msg_iovlen) : put;
}

/* readv(fd, chunks, count): fills one after the other from a TCP socket. */
CALL(readv) {
  struct iovec parts[CHUNKS_MAX];
  struct msghdr message = {.msg_iov = parts};
  if (!gather(c, 0, &message)) return fail(EINVAL);
  return receive(INT(0), parts, (int)message.msg_iovlen);
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
  RETRY(put, sendmsg(INT(0), &message, MSG_NOSIGNAL | MSG_DONTWAIT));
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
  RETRY(got, recvmsg(INT(0), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT));
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

/* A socket that somebody made blocking waits, whatever the flags say: EINVAL. */
CALL(splice) {
  unsigned flags = SPLICE_F_NONBLOCK | SPLICE_F_MOVE;
  ssize_t moved;
  if (blocks(INT(0)) || blocks(INT(1))) return fail(EINVAL);
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

/* getsockname(fd, into), getpeername(fd, into): the bytes of a struct sockaddr; how many. */
static int64_t name_of(call *c, int (*ask)(int, struct sockaddr *, socklen_t *)) {
  socklen_t length = option_length(c->bytes);
  return ask(INT(0), (struct sockaddr *)(void *)c->bytes.data, &length) < 0 ? -1 : (int64_t)length;
}

CALL(getsockname) { return name_of(c, getsockname); }
CALL(getpeername) { return name_of(c, getpeername); }

/* interfaceIndex(name): its number; 0 where there is none. */
CALL(interfaceIndex) {
  bool fits = c->text_length > 0 && c->text_length < IF_NAMESIZE;
  return fits && !memchr(c->text, '\0', c->text_length) ? if_nametoindex(c->text) : 0;
}

/* interfaceName(index, into): its name; how many bytes. */
CALL(interfaceName) {
  char name[IF_NAMESIZE];
  if (c->bytes.length < sizeof name) return fail(EINVAL);
  if (c->numbers[0] > UINT32_MAX) return fail(EINVAL);
  if (!if_indextoname((unsigned)c->numbers[0], name)) return -1;
  memcpy(c->bytes.data, name, sizeof name);
  return (int64_t)strlen(name);
}

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

/* ofNode(fd): 1 where a handle of Node's own has it in this thread's loop, 0 where none has. */
CALL(ofNode) {
  uv_loop_t *loop = NULL;
  napi_get_uv_event_loop(c->env, &loop);
  return loop && INT(0) >= 0 && (unsigned)INT(0) < loop->nwatchers && loop->watchers[INT(0)];
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
 * What it throws becomes an 'uncaughtException'. False once no JavaScript can run any more. The
 * receiver is what async_hooks shows to anybody as the resource, so it is an object of no use. */
static bool dispatch(thread_state *state, int32_t what) {
  napi_env env = state->env;
  napi_handle_scope scope;
  napi_value function, receiver, argument, returned, error;
  bool alive = true, thrown = false, any;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_get_reference_value(env, state->dispatch_ref, &function);
  napi_create_object(env, &receiver);
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

/* The loop would find the epoll descriptor readable for ever: there are no more events after this.
 * What is carried over still runs. */
static void hook_fails(thread_state *state, int code) {
  if (state->failed) return;
  int32_t behind = state->control[SLOT_BEHIND];
  state->failed = code;
  uv_poll_stop(&state->poll);
  state->control[SLOT_BEHIND] = -code;
  dispatch(state, CALL_FAILED);
  state->control[SLOT_BEHIND] = behind; /* a call that takes several events may be under way */
}

/* How many events of the batch are not run yet: a call may take more than its own event. */
static int events_left(const thread_state *state) {
  int left = state->control[SLOT_BEHIND];
  return left >= 0 && left < state->left ? left : state->left;
}

/* Runs them. In a nested turn each has a call of its own: Node runs no ticks within a callback that
 * is within another one, and so must none run between two events. */
static bool dispatch_events(thread_state *state, bool nested) {
  bool alive = true;
  while (state->left > 0 && alive) {
    int at = state->count - state->left--;
    state->control[SLOT_BEHIND] = nested ? -1 : state->left;
    alive = dispatch(state, at);
    state->left = events_left(state);
  }
  return alive;
}

static bool carries(const thread_state *state) {
  return state->control[SLOT_NEXT] > 0 || state->control[SLOT_AGAIN] > 0;
}

/* A handler may run the loop itself until another socket answers, as some native modules do. Then
 * this is nested: what is left of the turn around it comes first. That finds nothing behind it. */
static void run_turn(thread_state *state) {
  struct epoll_event events[EVENTS_PER_TURN];
  int32_t *control = state->control;
  bool nested = state->in_turn, alive = true;
  state->in_turn = true;
  if (nested) {
    state->left = events_left(state);
    alive = dispatch_events(state, nested);
  }
  int32_t carried = control[SLOT_NEXT];
  control[SLOT_TURN] = (int32_t)((uint32_t)control[SLOT_TURN] + 1);
  int count = 0; /* by the call that libuv makes, which a sandbox knows */
  if (alive && !state->failed)
    count = epoll_pwait(state->epoll_fd, events, EVENTS_PER_TURN, 0, NULL);
  if (count < 0 && errno != EINTR) hook_fails(state, errno);
  for (int i = 0; i < count; i++) {
    int32_t *to = control + SLOT_EVENTS + i * WORDS_PER_EVENT;
    to[0] = (int32_t)(uint32_t)events[i].data.u64;
    to[1] = (int32_t)(uint32_t)(events[i].data.u64 >> 32);
    to[2] = (int32_t)events[i].events;
  }
  state->count = state->left = count > 0 ? count : 0;
  if (alive) alive = dispatch_events(state, nested);
  for (int32_t i = 0; i < carried && control[SLOT_NEXT] > 0 && alive; i++)
    alive = dispatch(state, CALL_NEXT);
  for (int i = 0; i < AGAIN_PER_TURN && control[SLOT_AGAIN] > 0 && alive; i++)
    alive = dispatch(state, CALL_AGAIN);
  state->left = 0;
  if (nested) control[SLOT_BEHIND] = 0;
  state->in_turn = nested;
  if (alive && carries(state))
    uv_idle_start(&state->idle, idle_runs);
  else
    uv_idle_stop(&state->idle);
}

static void poll_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  if (status < 0) hook_fails(poll->data, -status);
  else run_turn(poll->data);
}

static void idle_runs(uv_idle_t *idle) { run_turn(idle->data); }

/* The loop is about to wait. Unless a handler runs it itself, there is nothing to do. If one does,
 * what was written before that is sent now, as nobody else would. Events that were taken from the
 * kernel already, and what is carried over, wake nobody: the loop then does not wait. */
static void before_wait(uv_prepare_t *prepare) {
  thread_state *state = prepare->data;
  bool nested = state->in_turn, flushes = state->control[SLOT_FLUSH] > 0;
  if (!nested && !flushes) return;
  state->in_turn = true;
  bool alive = dispatch(state, CALL_WAITS);
  state->in_turn = nested;
  if (alive && (flushes || events_left(state) > 0 || carries(state)))
    uv_idle_start(&state->idle, idle_runs);
}

/* hookOpen(dispatch, control): the epoll descriptor, once per environment. */
CALL(hookOpen) {
  thread_state *state = c->state;
  uv_loop_t *loop;
  napi_valuetype kind;
  napi_typedarray_type type;
  size_t words;
  void *control;
  if (state->handles_open) return fail(state->failed ? state->failed : EALREADY);
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
  uv_prepare_init(loop, &state->prepare);
  napi_create_reference(c->env, c->given[0], 1, &state->dispatch_ref);
  napi_create_reference(c->env, c->given[1], 1, &state->control_ref);
  state->control = control;
  state->epoll_fd = fd;
  state->handles_open = 3;
  state->poll.data = state->idle.data = state->prepare.data = state;
  uv_unref((uv_handle_t *)&state->poll);
  uv_unref((uv_handle_t *)&state->idle);
  uv_unref((uv_handle_t *)&state->prepare);
  uv_prepare_start(&state->prepare, before_wait);
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
    uv_close((uv_handle_t *)&state->prepare, handle_closed);
    close(state->epoll_fd);
  }
  for (int fd = 0; fd < state->ledger_size; fd++)
    if (owned(state, fd)) close(fd);
  if (!open) release_state(state);
}

#define F(name, takes) {#name, takes, sys_##name}
static const export_function functions[] = {
    F(socket, "iii"), F(socketpair, "iil"), F(pipe, "l"), F(bind, "ib"), F(connect, "ib"),
    F(listen, "ii"), F(accept, "i-"), F(shutdown, "ii"), F(close, "ii"), F(adopt, "i"),
    F(release, "i"), F(dup, "i"), F(read, "is.."), F(peek, "is.."), F(write, "is.."),
    F(writeMore, "is.."), F(writev, "ilnn"), F(sendRights, "i---l"), F(readRights, "is..l"),
    F(readv, "iln"), F(splice, "iin"), F(pipeSize, "ii"), F(getsockopt, "iiib"),
    F(setsockopt, "iii-"), F(getsockname, "ib"), F(getpeername, "ib"), F(kind, "i"),
    F(interfaceIndex, "t"), F(interfaceName, "nb"), F(pending, "ii"),
    F(unlink, "t"), F(chmod, "tn"), F(stat, "tl"), F(ofNode, "i"), F(ledger, ""), F(hookOpen, "--"),
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
    C(S_IFREG), C(FIONREAD), C(SIOCOUTQ), C(EVENTS_PER_TURN), C(CHUNKS_MAX),
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
