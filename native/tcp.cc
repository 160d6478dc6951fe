// TCP sockets as BGP wants them, made and bound here; Node connects, accepts, reads and writes. No policy: every value
// comes from JavaScript (src/io/tcp.ts). Accepted sockets inherit all of these options from their listener.
//
//   SO_BINDTODEVICE                socket(7)      a VRF or an interface; unprivileged since Linux 5.7
//   IP_TTL, IPV6_UNICAST_HOPS      ip(7), ipv6(7) RFC 5082 §3 sends 255, eBGP to a neighbour sends 1
//   IP_MINTTL, IPV6_MINHOPCOUNT    ip(7)          RFC 5082 §3 on receipt. The kernel drops its own RST (TTL 64) as well,
//                                                 so a refused connect looks like a silent one
//   IP_TOS, IPV6_TCLASS            ip(7)          RFC 4271 appendix E: internetwork control, DSCP CS6
//   TCP_USER_TIMEOUT               tcp(7)         RFC 5482; also bounds the connect, and a closed window: lift it after
//   TCP_NODELAY                    tcp(7)         RFC 9293 §3.7.4: a KEEPALIVE does not wait for an ACK
//   TCP_MD5SIG                     linux/tcp.h    RFC 2385; in no man page. An empty key deletes, ENOENT when there is none
//   IPV6_V6ONLY, SO_REUSEADDR      ipv6(7)        so that 0.0.0.0 and :: can both be listened on, and again after a restart

#include "tcp.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string>

#include "descriptor.h"

namespace herald {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<uint32_t> number_of(const Napi::Object& options, const char* key) {
  const Napi::Value value = options.Get(key);
  if (value.IsUndefined()) return std::nullopt;
  return value.As<Napi::Number>().Uint32Value();
}

std::string device_of(const Napi::Object& options) {
  const Napi::Value value = options.Get("device");
  return value.IsUndefined() ? std::string() : value.As<Napi::String>().Utf8Value();
}

/** From 4 or 16 octets. A link-local address means nothing without its link: the device gives the scope (RFC 4007 §6). */
SocketAddress address_from(const Napi::Value& value, uint16_t port, const std::string& device) {
  const Napi::Env env = value.Env();
  const auto octets = value.As<Napi::Uint8Array>();
  SocketAddress address;
  if (octets.ByteLength() == sizeof(in_addr)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, octets.Data(), sizeof in.sin_addr);
    std::memcpy(&address.storage, &in, address.length = sizeof in);
  } else if (octets.ByteLength() == sizeof(in6_addr)) {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    std::memcpy(&in6.sin6_addr, octets.Data(), sizeof in6.sin6_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr) && !device.empty()) {
      in6.sin6_scope_id = if_nametoindex(device.c_str());
      if (in6.sin6_scope_id == 0) throw system_error(env, "if_nametoindex", errno);
    }
    std::memcpy(&address.storage, &in6, address.length = sizeof in6);
  } else {
    throw system_error(env, "address", EAFNOSUPPORT);
  }
  return address;
}

void set_option(Napi::Env env, int fd, int level, int option, int value, const char* syscall) {
  checked(env, syscall, setsockopt(fd, level, option, &value, sizeof value));
}

int get_option(Napi::Env env, int fd, int level, int option, const char* syscall) {
  int value = 0;
  socklen_t length = sizeof value;
  checked(env, syscall, getsockopt(fd, level, option, &value, &length));
  return value;
}

int family_of(Napi::Env env, int fd) { return get_option(env, fd, SOL_SOCKET, SO_DOMAIN, "getsockopt SO_DOMAIN"); }

void set_ttl(Napi::Env env, int fd, int family, int ttl) {
  if (family == AF_INET) set_option(env, fd, IPPROTO_IP, IP_TTL, ttl, "setsockopt IP_TTL");
  else set_option(env, fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl, "setsockopt IPV6_UNICAST_HOPS");
}

void set_min_ttl(Napi::Env env, int fd, int family, int ttl) {
  if (family == AF_INET) set_option(env, fd, IPPROTO_IP, IP_MINTTL, ttl, "setsockopt IP_MINTTL");
  else set_option(env, fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, ttl, "setsockopt IPV6_MINHOPCOUNT");
}

void set_user_timeout(Napi::Env env, int fd, int milliseconds) {
  set_option(env, fd, IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds, "setsockopt TCP_USER_TIMEOUT");
}

void set_md5_key(Napi::Env env, int fd, const SocketAddress& peer, const uint8_t* key, size_t length) {
  constexpr const char* syscall = "setsockopt TCP_MD5SIG";
  if (length > TCP_MD5SIG_MAXKEYLEN) throw system_error(env, syscall, EINVAL);
  tcp_md5sig signature{};
  signature.tcpm_addr = peer.storage;
  signature.tcpm_keylen = static_cast<uint16_t>(length);
  if (length > 0) std::memcpy(signature.tcpm_key, key, length);
  checked(env, syscall, setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &signature, sizeof signature));
}

void bind_to_device(Napi::Env env, int fd, const std::string& device) {
  constexpr const char* syscall = "setsockopt SO_BINDTODEVICE";
  // The kernel cuts a longer name off, and might find another device by the rest.
  if (device.size() >= IFNAMSIZ) throw system_error(env, syscall, ENODEV);
  checked(env, syscall, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.data(), device.size()));
}

/** What dialling and listening sockets have in common. */
Descriptor open_socket(Napi::Env env, int family, const Napi::Object& options, const std::string& device) {
  Descriptor socket(checked(env, "socket", ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)));
  const int fd = socket.get();
  set_option(env, fd, IPPROTO_TCP, TCP_NODELAY, 1, "setsockopt TCP_NODELAY");
  if (const auto trafficClass = number_of(options, "trafficClass")) {
    if (family == AF_INET) set_option(env, fd, IPPROTO_IP, IP_TOS, *trafficClass, "setsockopt IP_TOS");
    else set_option(env, fd, IPPROTO_IPV6, IPV6_TCLASS, *trafficClass, "setsockopt IPV6_TCLASS");
  }
  if (const auto ttl = number_of(options, "ttl")) set_ttl(env, fd, family, *ttl);
  if (const auto minTtl = number_of(options, "minTtl")) set_min_ttl(env, fd, family, *minTtl);
  if (!device.empty()) bind_to_device(env, fd, device);
  return socket;
}

/** openTcpSocket(options): descriptor, to be connected by Node. */
Napi::Value open_tcp_socket(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  const std::string device = device_of(options);
  const SocketAddress peer = address_from(options.Get("peer"), 0, device);
  Descriptor socket = open_socket(env, peer.family(), options, device);
  if (const auto timeout = number_of(options, "userTimeoutMs")) set_user_timeout(env, socket.get(), *timeout);
  if (const Napi::Value key = options.Get("md5Key"); !key.IsUndefined()) {
    const auto octets = key.As<Napi::Uint8Array>();
    set_md5_key(env, socket.get(), peer, octets.Data(), octets.ByteLength());
  }
  if (const Napi::Value source = options.Get("localAddress"); !source.IsUndefined()) {
    const SocketAddress local = address_from(source, 0, device);
    checked(env, "bind", bind(socket.get(), local.get(), local.length));
  }
  const Napi::Number result = Napi::Number::New(env, socket.get());
  socket.release();
  return result;
}

/** openTcpListener(options): descriptor, bound and listening. */
Napi::Value open_tcp_listener(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  const std::string device = device_of(options);
  const auto port = static_cast<uint16_t>(number_of(options, "port").value_or(0));
  const SocketAddress local = address_from(options.Get("address"), port, device);
  Descriptor socket = open_socket(env, local.family(), options, device);
  set_option(env, socket.get(), SOL_SOCKET, SO_REUSEADDR, 1, "setsockopt SO_REUSEADDR");
  if (local.family() == AF_INET6) set_option(env, socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "setsockopt IPV6_V6ONLY");
  checked(env, "bind", bind(socket.get(), local.get(), local.length));
  checked(env, "listen", listen(socket.get(), static_cast<int>(number_of(options, "backlog").value_or(SOMAXCONN))));
  const Napi::Number result = Napi::Number::New(env, socket.get());
  socket.release();
  return result;
}

int descriptor_of(const Napi::CallbackInfo& info) { return info[0].As<Napi::Number>().Int32Value(); }

/** setTcpMd5Key(descriptor, peer, key): an empty key deletes. */
void set_tcp_md5_key(const Napi::CallbackInfo& info) {
  const auto key = info[2].As<Napi::Uint8Array>();
  set_md5_key(info.Env(), descriptor_of(info), address_from(info[1], 0, ""), key.Data(), key.ByteLength());
}

/** setTcpTtl(descriptor, ttl) */
void set_tcp_ttl(const Napi::CallbackInfo& info) {
  const int fd = descriptor_of(info);
  set_ttl(info.Env(), fd, family_of(info.Env(), fd), info[1].As<Napi::Number>().Int32Value());
}

/** setTcpMinTtl(descriptor, ttl) */
void set_tcp_min_ttl(const Napi::CallbackInfo& info) {
  const int fd = descriptor_of(info);
  set_min_ttl(info.Env(), fd, family_of(info.Env(), fd), info[1].As<Napi::Number>().Int32Value());
}

/** setTcpUserTimeout(descriptor, milliseconds): 0 is the kernel's default. */
void set_tcp_user_timeout(const Napi::CallbackInfo& info) {
  set_user_timeout(info.Env(), descriptor_of(info), info[1].As<Napi::Number>().Int32Value());
}

/** readTcpOptions(descriptor): what the kernel holds. */
Napi::Value read_tcp_options(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int fd = descriptor_of(info);
  const bool v4 = family_of(env, fd) == AF_INET;
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  char device[IFNAMSIZ] = {};
  socklen_t length = sizeof device;
  checked(env, "getsockopt SO_BINDTODEVICE", getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length));
  Napi::Object options = Napi::Object::New(env);
  options.Set("ttl", get_option(env, fd, level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, "getsockopt IP_TTL"));
  options.Set("minTtl", get_option(env, fd, level, v4 ? IP_MINTTL : IPV6_MINHOPCOUNT, "getsockopt IP_MINTTL"));
  options.Set("trafficClass", get_option(env, fd, level, v4 ? IP_TOS : IPV6_TCLASS, "getsockopt IP_TOS"));
  options.Set("userTimeoutMs", get_option(env, fd, IPPROTO_TCP, TCP_USER_TIMEOUT, "getsockopt TCP_USER_TIMEOUT"));
  options.Set("noDelay", get_option(env, fd, IPPROTO_TCP, TCP_NODELAY, "getsockopt TCP_NODELAY") != 0);
  options.Set("device", device);
  return options;
}

/** closeDescriptor(descriptor): fs.closeSync() warns in a worker about descriptors that Node did not open. */
void close_descriptor(const Napi::CallbackInfo& info) { checked(info.Env(), "close", ::close(descriptor_of(info))); }

/**
 * sendNow(descriptor, octets): how many of them the kernel has taken. 0 also where it cannot say why: whoever writes the
 * rest through Node is told.
 */
Napi::Value send_now(const Napi::CallbackInfo& info) {
  const auto octets = info[1].As<Napi::Uint8Array>();
  const ssize_t sent = ::send(descriptor_of(info), octets.Data(), octets.ByteLength(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return Napi::Number::New(info.Env(), sent < 0 ? 0 : static_cast<double>(sent));
}

}  // namespace

void export_tcp(Napi::Env env, Napi::Object exports) {
  exports.Set("openTcpSocket", Napi::Function::New<open_tcp_socket>(env, "openTcpSocket"));
  exports.Set("openTcpListener", Napi::Function::New<open_tcp_listener>(env, "openTcpListener"));
  exports.Set("setTcpMd5Key", Napi::Function::New<set_tcp_md5_key>(env, "setTcpMd5Key"));
  exports.Set("setTcpTtl", Napi::Function::New<set_tcp_ttl>(env, "setTcpTtl"));
  exports.Set("setTcpMinTtl", Napi::Function::New<set_tcp_min_ttl>(env, "setTcpMinTtl"));
  exports.Set("setTcpUserTimeout", Napi::Function::New<set_tcp_user_timeout>(env, "setTcpUserTimeout"));
  exports.Set("readTcpOptions", Napi::Function::New<read_tcp_options>(env, "readTcpOptions"));
  exports.Set("sendNow", Napi::Function::New<send_now>(env, "sendNow"));
  exports.Set("closeDescriptor", Napi::Function::New<close_descriptor>(env, "closeDescriptor"));
}

}  // namespace herald
