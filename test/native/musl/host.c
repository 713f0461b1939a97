/* A process of musl's that loads the shipped musl binary and makes its calls for a Node elsewhere,
 * which has no Node for musl to run in: remote.cjs is the other end. It stands in for the functions
 * of Node-API and libuv that the binary imports, as far as the binary uses them.
 *
 *   host BINARY REQUESTS REPLIES NOTICES
 *
 * REQUESTS and REPLIES are FIFOs, NOTICES a descriptor. All that goes over them is host order:
 *   request  'C' control[5] name count value…   a call;  'D' control[5]  dispatch has returned
 *   reply    value count value…                 what it returned; the arguments as it left them
 *   notice   int32 what, the control words      dispatch(what) is called
 *   value    'u' | 'd' double | 'b' byte | 't' n bytes | 'y' n bytes | 'l' n value… |
 *            'o' n (text value)… | 'f' | 'c'    the dispatch function and the control words
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { CONTROL_WORDS = 4096, SHARED_WORDS = 5, LIST_MAX = 2048, NAMES_MAX = 128 };

typedef struct value {
  char kind;
  double number;
  size_t length; /* bytes, or elements */
  char *bytes;
  struct value **items;
  char **names;
  napi_callback run; /* of a function that the binary exports */
  void *data;
} value;

static int32_t control[CONTROL_WORDS];
static value control_value = {.kind = 'c'}, dispatch_value = {.kind = 'f'};
static value undefined_value = {.kind = 'u'};
static size_t control_length;
static int requests, replies, notices;

static void die(const char *why) {
  fprintf(stderr, "musl host: %s: %s\n", why, strerror(errno));
  _exit(3);
}

/* --- memory: what a call made goes when it is over ------------------------------------------- */

typedef struct block {
  struct block *before;
} block;

static block *blocks;

static void *make(size_t size) {
  block *made = calloc(1, sizeof *made + size + 1);
  if (!made) die("memory");
  made->before = blocks;
  blocks = made;
  return made + 1;
}

static void drop_to(block *mark) {
  while (blocks != mark) {
    block *before = blocks->before;
    free(blocks);
    blocks = before;
  }
}

static value *make_value(char kind) {
  value *made = make(sizeof *made);
  made->kind = kind;
  return made;
}

static value *make_list(char kind, size_t most) {
  value *made = make_value(kind);
  made->items = make(most * sizeof *made->items);
  if (kind == 'o') made->names = make(most * sizeof *made->names);
  return made;
}

/* --- what goes over the FIFOs ---------------------------------------------------------------- */

static bool take(void *into, size_t size) {
  for (char *at = into; size > 0;) {
    ssize_t count = read(requests, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) die("read");
    if (count == 0) return false;
    at += count;
    size -= (size_t)count;
  }
  return true;
}

static void give(int to, const void *from, size_t size) {
  for (const char *at = from; size > 0;) {
    ssize_t count = write(to, at, size);
    if (count < 0 && errno == EAGAIN) {
      poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, -1);
      continue;
    }
    if (count < 0 && errno != EINTR) die("write");
    if (count > 0) at += count, size -= (size_t)count;
  }
}

static uint32_t take_count(void) {
  uint32_t count;
  if (!take(&count, sizeof count)) die("cut off");
  return count;
}

static value *take_value(void) {
  char kind;
  if (!take(&kind, 1)) die("cut off");
  if (kind == 'f') return &dispatch_value;
  if (kind == 'c') return control_length = take_count(), &control_value;
  value *got = make_value(kind);
  if (kind == 'd') take(&got->number, sizeof got->number);
  if (kind == 'b') {
    char byte;
    take(&byte, 1);
    got->number = byte;
  }
  if (kind == 't' || kind == 'y') {
    got->length = take_count();
    got->bytes = make(got->length);
    take(got->bytes, got->length);
  }
  if (kind == 'l') {
    got->length = take_count();
    got->items = make((got->length + LIST_MAX) * sizeof *got->items);
    for (size_t i = 0; i < got->length; i++) got->items[i] = take_value();
  }
  return got;
}

static void give_bytes(const char *bytes, size_t length) {
  uint32_t count = (uint32_t)length;
  give(replies, &count, sizeof count);
  give(replies, bytes, length);
}

static void give_value(const value *from) {
  uint32_t count = (uint32_t)from->length;
  give(replies, &from->kind, 1);
  if (from->kind == 'd') give(replies, &from->number, sizeof from->number);
  if (from->kind == 'b') give(replies, &(char){(char)from->number}, 1);
  if (from->kind == 't' || from->kind == 'y') give_bytes(from->bytes, from->length);
  if (from->kind != 'l' && from->kind != 'o') return;
  give(replies, &count, sizeof count);
  for (uint32_t i = 0; i < count; i++) {
    if (from->kind == 'o') give_bytes(from->names[i], strlen(from->names[i]));
    give_value(from->items[i]);
  }
}

/* --- Node-API -------------------------------------------------------------------------------- */

struct napi_callback_info__ {
  value **given;
  size_t count;
  void *data;
};

#define V(from) ((value *)(from))
#define SET(to, from) (*(to) = (napi_value)(from), napi_ok)

static void *instance;
static napi_async_cleanup_hook end_hook;
static void *end_data;
static value *exports;

static napi_status number(double from, napi_value *to) {
  value *made = make_value('d');
  made->number = from;
  return SET(to, made);
}

napi_status napi_create_int32(napi_env env, int32_t from, napi_value *to) {
  return number(from, to);
}
napi_status napi_create_int64(napi_env env, int64_t from, napi_value *to) {
  return number((double)from, to);
}
napi_status napi_create_array(napi_env env, napi_value *to) {
  return SET(to, make_list('l', LIST_MAX));
}
napi_status napi_create_object(napi_env env, napi_value *to) {
  return SET(to, make_list('o', NAMES_MAX));
}
napi_status napi_create_string_utf8(napi_env env, const char *text, size_t size, napi_value *to) {
  value *made = make_value('t');
  made->length = size == NAPI_AUTO_LENGTH ? strlen(text) : size;
  made->bytes = make(made->length);
  memcpy(made->bytes, text, made->length);
  return SET(to, made);
}
napi_status napi_create_function(napi_env env, const char *name, size_t size, napi_callback run,
                                 void *data, napi_value *to) {
  value *made = make_value('F');
  made->run = run;
  made->data = data;
  return SET(to, made);
}
napi_status napi_set_named_property(napi_env env, napi_value into, const char *name,
                                    napi_value what) {
  value *to = V(into);
  if (to->length == NAMES_MAX) return napi_generic_failure;
  to->names[to->length] = strcpy(make(strlen(name)), name);
  to->items[to->length++] = V(what);
  return napi_ok;
}
napi_status napi_set_element(napi_env env, napi_value list, uint32_t at, napi_value what) {
  value *to = V(list);
  if (to->kind != 'l' || at >= LIST_MAX) return napi_array_expected;
  while (to->length <= at) to->items[to->length++] = &undefined_value;
  to->items[at] = V(what);
  return napi_ok;
}
napi_status napi_get_element(napi_env env, napi_value list, uint32_t at, napi_value *to) {
  bool has = V(list)->kind == 'l' && at < V(list)->length;
  return SET(to, has ? V(list)->items[at] : &undefined_value);
}
napi_status napi_has_element(napi_env env, napi_value list, uint32_t at, bool *to) {
  *to = true; /* asked of the control words, to know whether the thread is alive */
  return napi_ok;
}
napi_status napi_get_array_length(napi_env env, napi_value list, uint32_t *to) {
  if (V(list)->kind != 'l') return napi_array_expected;
  *to = (uint32_t)V(list)->length;
  return napi_ok;
}
napi_status napi_is_array(napi_env env, napi_value what, bool *to) {
  *to = V(what)->kind == 'l';
  return napi_ok;
}
napi_status napi_typeof(napi_env env, napi_value what, napi_valuetype *to) {
  *to = V(what)->kind == 'f' ? napi_function : V(what)->kind == 'd' ? napi_number : napi_object;
  return napi_ok;
}
napi_status napi_get_value_double(napi_env env, napi_value from, double *to) {
  if (V(from)->kind != 'd') return napi_number_expected;
  *to = V(from)->number;
  return napi_ok;
}
napi_status napi_get_value_bool(napi_env env, napi_value from, bool *to) {
  if (V(from)->kind != 'b') return napi_boolean_expected;
  *to = V(from)->number != 0;
  return napi_ok;
}
napi_status napi_get_value_string_utf8(napi_env env, napi_value from, char *to, size_t size,
                                       size_t *length) {
  if (V(from)->kind != 't') return napi_string_expected;
  *length = V(from)->length < size ? V(from)->length : size - 1;
  memcpy(to, V(from)->bytes, *length);
  to[*length] = '\0';
  return napi_ok;
}
napi_status napi_get_typedarray_info(napi_env env, napi_value from, napi_typedarray_type *type,
                                     size_t *length, void **data, napi_value *buffer,
                                     size_t *offset) {
  bool words = V(from)->kind == 'c';
  if (!words && V(from)->kind != 'y') return napi_invalid_arg;
  *type = words ? napi_int32_array : napi_uint8_array;
  *length = words ? control_length : V(from)->length;
  *data = words ? (void *)control : (void *)V(from)->bytes;
  return napi_ok;
}
napi_status napi_is_buffer(napi_env env, napi_value what, bool *to) {
  *to = V(what)->kind == 'y';
  return napi_ok;
}
napi_status napi_get_buffer_info(napi_env env, napi_value from, void **data, size_t *length) {
  if (V(from)->kind != 'y') return napi_invalid_arg;
  *data = V(from)->bytes;
  *length = V(from)->length;
  return napi_ok;
}
napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *count,
                             napi_value *given, napi_value *receiver, void **data) {
  for (size_t i = 0; i < *count; i++)
    given[i] = (napi_value)(i < info->count ? info->given[i] : &undefined_value);
  *data = info->data;
  return napi_ok;
}
napi_status napi_set_instance_data(napi_env env, void *data, napi_finalize end, void *hint) {
  instance = data;
  return napi_ok;
}
napi_status napi_get_instance_data(napi_env env, void **to) {
  *to = instance;
  return napi_ok;
}
napi_status napi_add_async_cleanup_hook(napi_env env, napi_async_cleanup_hook run, void *data,
                                        napi_async_cleanup_hook_handle *to) {
  end_hook = run;
  end_data = data;
  *to = NULL;
  return napi_ok;
}
napi_status napi_remove_async_cleanup_hook(napi_async_cleanup_hook_handle hook) { return napi_ok; }
napi_status napi_create_reference(napi_env env, napi_value what, uint32_t count, napi_ref *to) {
  *to = (napi_ref)what; /* the dispatch function and the control words, which stay */
  return napi_ok;
}
napi_status napi_get_reference_value(napi_env env, napi_ref from, napi_value *to) {
  return SET(to, from);
}
napi_status napi_open_handle_scope(napi_env env, napi_handle_scope *to) {
  *to = (napi_handle_scope)blocks;
  return napi_ok;
}
napi_status napi_close_handle_scope(napi_env env, napi_handle_scope from) {
  drop_to((block *)from);
  return napi_ok;
}
napi_status napi_is_exception_pending(napi_env env, bool *to) {
  *to = false;
  return napi_ok;
}
napi_status napi_get_and_clear_last_exception(napi_env env, napi_value *to) {
  return SET(to, &undefined_value);
}
napi_status napi_fatal_exception(napi_env env, napi_value error) { return napi_generic_failure; }
napi_status napi_throw_error(napi_env env, const char *code, const char *text) {
  die(text);
  return napi_ok;
}

/* --- calls ----------------------------------------------------------------------------------- */

static value *exported(const char *name, size_t length) {
  for (size_t i = 0; i < exports->length; i++)
    if (strlen(exports->names[i]) == length && !memcmp(exports->names[i], name, length))
      return exports->items[i];
  return NULL;
}

/* The hook's three handles, once they are closed, and whom to tell. */
static uv_handle_t *closing[3];
static uv_close_cb closed[3];
static int closings;

/* Reads one request. True where it was a call, which is answered; false where it says that
 * dispatch has returned. Without any more of them the process is over, as an environment is. */
static bool serve(void) {
  char kind;
  block *mark = blocks;
  if (!take(&kind, 1)) {
    end_hook(NULL, end_data);
    for (int i = 0; i < closings; i++) closed[i](closing[i]);
    _exit(0);
  }
  take(control, SHARED_WORDS * sizeof *control);
  if (kind == 'D') return false;
  value *name = take_value();
  struct napi_callback_info__ info = {.count = take_count()};
  info.given = make(info.count * sizeof *info.given);
  for (size_t i = 0; i < info.count; i++) info.given[i] = take_value();
  const value *function = exported(name->bytes, name->length);
  if (!function) die("no such function");
  info.data = function->data;
  give_value(V(function->run(NULL, &info)));
  uint32_t count = (uint32_t)info.count;
  give(replies, &count, sizeof count);
  for (size_t i = 0; i < info.count; i++) give_value(info.given[i]);
  drop_to(mark);
  return true;
}

napi_status napi_make_callback(napi_env env, napi_async_context context, napi_value receiver,
                               napi_value function, size_t count, const napi_value *given,
                               napi_value *to) {
  int32_t what = (int32_t)V(given[0])->number;
  give(notices, &what, sizeof what);
  give(notices, control, control_length * sizeof *control);
  while (serve()) {
  }
  return SET(to, &undefined_value);
}

/* --- libuv: one poll, one idle, one prepare --------------------------------------------------- */

static uv_poll_t *polled;
static uv_poll_cb poll_runs;
static int poll_fd = -1;
static uv_idle_t *idle;
static uv_idle_cb idle_runs;

napi_status napi_get_uv_event_loop(node_api_basic_env env, uv_loop_t **to) {
  *to = NULL;
  return napi_ok;
}
int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd) {
  polled = handle;
  poll_fd = fd;
  return 0;
}
int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb run) {
  poll_runs = run;
  return 0;
}
int uv_poll_stop(uv_poll_t *handle) {
  poll_runs = NULL;
  return 0;
}
int uv_idle_init(uv_loop_t *loop, uv_idle_t *handle) { return 0; }
int uv_idle_start(uv_idle_t *handle, uv_idle_cb run) {
  idle = handle;
  idle_runs = run;
  return 0;
}
int uv_idle_stop(uv_idle_t *handle) {
  idle_runs = NULL;
  return 0;
}
/* No handler runs this loop, so nothing is to be done before it waits. */
int uv_prepare_init(uv_loop_t *loop, uv_prepare_t *handle) { return 0; }
int uv_prepare_start(uv_prepare_t *handle, uv_prepare_cb run) { return 0; }
void uv_ref(uv_handle_t *handle) {} /* the other end keeps its process alive, or does not */
void uv_unref(uv_handle_t *handle) {}
/* As libuv does, later: whoever closes may go on with what the callback frees. */
void uv_close(uv_handle_t *handle, uv_close_cb run) {
  closing[closings] = handle;
  closed[closings++] = run;
}

static int stat_result(uv_fs_t *request, int done, const struct stat *from) {
  request->statbuf.st_mode = from->st_mode;
  request->statbuf.st_dev = from->st_dev;
  request->statbuf.st_ino = from->st_ino;
  return (int)(request->result = done < 0 ? -errno : 0);
}
int uv_fs_fstat(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb run) {
  struct stat about = {0};
  return stat_result(request, fstat(file, &about), &about);
}
int uv_fs_lstat(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb run) {
  struct stat about = {0};
  return stat_result(request, lstat(path, &about), &about);
}

static void run_loop(void) {
  for (;;) {
    struct pollfd on[] = {{.fd = requests, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    if (poll_runs) on[1].fd = poll_fd;
    if (poll(on, 2, idle_runs ? 0 : -1) < 0 && errno != EINTR) die("poll");
    if (on[0].revents) serve();
    if (on[1].revents & POLLIN) poll_runs(polled, 0, UV_READABLE);
    if (idle_runs) idle_runs(idle);
  }
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  signal(SIGPIPE, SIG_IGN); /* as Node does */
  void *module = dlopen(arguments[1], RTLD_NOW);
  if (!module) return fprintf(stderr, "%s\n", dlerror()), 1;
  napi_addon_register_func init =
      (napi_addon_register_func)dlsym(module, "napi_register_module_v1");
  exports = make_list('o', NAMES_MAX);
  init(NULL, (napi_value)exports);
  replies = open(arguments[3], O_WRONLY | O_CLOEXEC);
  requests = open(arguments[2], O_RDONLY | O_CLOEXEC);
  notices = atoi(arguments[4]);
  if (replies < 0 || requests < 0) die("open");
  give_value(exports);
  run_loop();
}
