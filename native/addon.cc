// The door of the addon. Context-aware: no state is shared between threads of JavaScript, so main thread and workers each load
// it for themselves.

#include <napi.h>

#include "netlink.h"
#include "file_lock.h"
#include "responder.h"
#include "tcp.h"
#include "unix_socket.h"

static Napi::Object load(Napi::Env env, Napi::Object exports) {
  herald::export_netlink(env, exports);
  herald::export_file_lock(env, exports);
  herald::export_responder(env, exports);
  herald::export_tcp(env, exports);
  herald::export_unix_socket(env, exports);
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, load)
