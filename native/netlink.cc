// A netlink socket that only listens, on the loop of the thread that opened it. No parsing and no policy: groups come from
// JavaScript, messages go there as they are (src/l2/netlink.ts). It does not keep the process alive.
//
//   SO_RCVBUFFORCE          socket(7)   beyond net.core.rmem_max, with CAP_NET_ADMIN; without it as far as that allows
//   NETLINK_ADD_MEMBERSHIP  netlink(7)  the multicast groups
//   ENOBUFS                 netlink(7)  the kernel had more to say than fits: something was missed, for ever. It raises POLLERR,
//                                       at which libuv stops the handle and says UV_EBADF, so it has to be started again
//   sender's nl_pid         netlink(7)  0: the kernel; anybody else who may write here is not believed

#include "netlink.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "descriptor.h"

namespace herald {
namespace {

/** The kernel builds no larger message than this for a multicast group. */
constexpr size_t largestMessage = 32 * 1024;
/** What is handed over at once: many messages of a burst are one call of JavaScript. */
constexpr size_t bufferOctets = 256 * 1024;

/** Lives until it is closed, by JavaScript or because the thread ends, whether or not JavaScript remembers it. */
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(Napi::Env env, Descriptor socket, Napi::Function received, Napi::Function lost)
      : env_(env), socket_(std::move(socket)), received_(Napi::Persistent(received)), lost_(Napi::Persistent(lost)) {}

  void start() {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env_, &loop) != napi_ok) throw Napi::Error::New(env_, "this thread has no event loop");
    const int result = uv_poll_init(loop, &poll_, socket_.get());
    if (result < 0) throw system_error(env_, "uv_poll_init", -result);
    self_ = shared_from_this();
    poll_.data = this;
    uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
    napi_add_async_cleanup_hook(env_, [](napi_async_cleanup_hook_handle, void* self) { static_cast<Listener*>(self)->close(); },
                                this, &cleanup_);
    listen();
  }

  void close() {
    if (closed_) return;
    closed_ = true;
    received_.Reset();
    lost_.Reset();
    uv_poll_stop(&poll_);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
      auto* listener = static_cast<Listener*>(handle->data);
      napi_remove_async_cleanup_hook(listener->cleanup_);
      listener->self_.reset();
    });
  }

 private:
  void listen() {
    uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* handle, int status, int) {
      auto* listener = static_cast<Listener*>(handle->data);
      if (status < 0) listener->listen();
      listener->drain();
    });
  }

  /** One full buffer a turn; the loop comes back while there is more. */
  void drain() {
    const Napi::HandleScope scope(env_);
    size_t used = 0;
    bool lost = false;
    while (buffer_.size() - used >= largestMessage) {
      sockaddr_nl sender{};
      iovec place{buffer_.data() + used, buffer_.size() - used};
      msghdr message{};
      message.msg_name = &sender;
      message.msg_namelen = sizeof sender;
      message.msg_iov = &place;
      message.msg_iovlen = 1;
      const ssize_t length = recvmsg(socket_.get(), &message, 0);
      if (length < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN) break;
        lost = true;
        if (errno == ENOBUFS) continue;
        break;
      }
      if (sender.nl_pid != 0) continue;
      if (message.msg_flags & MSG_TRUNC) lost = true;
      else used += NLMSG_ALIGN(static_cast<size_t>(length));
    }
    if (used > 0) tell(received_, {Napi::Buffer<uint8_t>::Copy(env_, buffer_.data(), used)});
    if (lost) tell(lost_, {});
  }

  void tell(const Napi::FunctionReference& hear, const std::initializer_list<napi_value>& words) {
    if (closed_) return;
    try {
      hear.Value().MakeCallback(env_.Global(), words);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env_, error.Value());
    }
  }

  const Napi::Env env_;
  const Descriptor socket_;
  Napi::FunctionReference received_;
  Napi::FunctionReference lost_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(bufferOctets);
  uv_poll_t poll_{};
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  std::shared_ptr<Listener> self_;
  bool closed_ = false;
};

/** openNetlinkListener({ groups, receiveBufferOctets, received, lost }): { close() } */
Napi::Value open_netlink_listener(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  const auto groups = options.Get("groups").As<Napi::Array>();
  const int octets = options.Get("receiveBufferOctets").As<Napi::Number>().Int32Value();

  Descriptor socket(checked(env, "socket AF_NETLINK", ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)));
  const int fd = socket.get();
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) < 0)
    checked(env, "setsockopt SO_RCVBUF", setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets));
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  checked(env, "bind", bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local));
  for (uint32_t i = 0; i < groups.Length(); i++) {
    const int group = groups.Get(i).As<Napi::Number>().Int32Value();
    checked(env, "setsockopt NETLINK_ADD_MEMBERSHIP", setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
  }

  const auto listener = std::make_shared<Listener>(env, std::move(socket), options.Get("received").As<Napi::Function>(),
                                                   options.Get("lost").As<Napi::Function>());
  listener->start();
  Napi::Object result = Napi::Object::New(env);
  const auto close = [weak = std::weak_ptr(listener)](const Napi::CallbackInfo&) {
    if (const auto open = weak.lock()) open->close();
  };
  result.Set("close", Napi::Function::New(env, close, "close"));
  return result;
}

}  // namespace

void export_netlink(Napi::Env env, Napi::Object exports) {
  exports.Set("openNetlinkListener", Napi::Function::New<open_netlink_listener>(env, "openNetlinkListener"));
}

}  // namespace herald
