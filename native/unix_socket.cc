// sd_notify(3): one datagram to a path, or to an abstract name that begins with "@". unix(7): SO_PEERCRED, the process that
// connected, as it was then. Said to JavaScript in src/io/native.ts.

#include "unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "descriptor.h"

namespace herald {
namespace {

void send_datagram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const std::string text = info[1].As<Napi::String>().Utf8Value();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() < 2 || path.size() >= sizeof address.sun_path) throw system_error(env, "sendto", ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const Descriptor socket(checked(env, "socket", ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  const auto sent = ::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length);
  checked(env, "sendto", static_cast<int>(sent));
}

Napi::Value read_peer_credentials(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int fd = info[0].As<Napi::Number>().Int32Value();
  ucred credentials{};
  socklen_t length = sizeof credentials;
  checked(env, "getsockopt SO_PEERCRED", ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length));
  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", Napi::Number::New(env, credentials.pid));
  result.Set("uid", Napi::Number::New(env, credentials.uid));
  result.Set("gid", Napi::Number::New(env, credentials.gid));
  return result;
}

/** openSocketPair(): two ends of a line within this process, unix(7). */
Napi::Value open_socket_pair(const Napi::CallbackInfo& info) {
  int ends[2];
  checked(info.Env(), "socketpair", ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
  Napi::Array pair = Napi::Array::New(info.Env(), 2);
  for (uint32_t end = 0; end < 2; end++) pair.Set(end, ends[end]);
  return pair;
}

}  // namespace

void export_unix_socket(Napi::Env env, Napi::Object exports) {
  exports.Set("openSocketPair", Napi::Function::New<open_socket_pair>(env, "openSocketPair"));
  exports.Set("sendDatagram", Napi::Function::New(env, send_datagram));
  exports.Set("readPeerCredentials", Napi::Function::New(env, read_peer_credentials));
}

}  // namespace herald
