// The thread that answers ARP and neighbour discovery, and says what it is told to say. It waits for frames and for the clock,
// never for JavaScript: orders come in a list that is pushed to and taken without a lock, sets as link.h says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "batch.h"
#include "conflicts.h"
#include "descriptor.h"
#include "link.h"

namespace herald {

class ResponderThread {
 public:
  /** `tell` is called on the thread. Throws an Error when there are no descriptors left. */
  ResponderThread(Napi::Env env, std::function<void(const Conflict&)> tell);
  ~ResponderThread() { stop(); }
  ResponderThread(const ResponderThread&) = delete;
  ResponderThread& operator=(const ResponderThread&) = delete;

  void serve(Napi::Env env, Link& link);
  /** Frees it, a little later. It must be closed. */
  void forget(std::unique_ptr<Link> link);
  /** MAC addresses whose claims are no conflicts. */
  void set_own(std::vector<Mac> own);
  template <class Address>
  void say(Link& link, std::shared_ptr<Announcement<Address>> call) {
    if (call) post([&link, call = std::move(call)] { link.take_call(call); });
  }
  void stop();

 private:
  struct Order {
    std::function<void()> carry_out;
    Order* next;
  };

  /** Closing a packet socket takes the kernel some 10 ms: neither thread waits for it. */
  struct Disposal {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> over;
  };

  void post(std::function<void()> order);
  void wake();
  void run();
  void carry_out_orders();
  void receive(uintptr_t what);
  void arm(int64_t due_ns);

  Descriptor epoll_;
  Descriptor wake_;
  Descriptor timer_;
  std::atomic<Order*> orders_{nullptr};
  std::atomic<bool> stopping_{false};

  /** JavaScript's thread's. */
  std::vector<Disposal> disposals_;

  /** The thread's own. */
  Conflicts conflicts_;
  std::vector<Link*> links_;
  /** Sockets whose last batch was a full one. */
  std::vector<uintptr_t> unread_;
  Batch batch_;
  int64_t armed_for_ns_ = never;
  std::thread thread_;
};

}  // namespace herald
