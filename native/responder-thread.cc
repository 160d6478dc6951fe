#include "responder-thread.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <utility>

#include "quiet-thread.h"

namespace herald {
namespace {

/** What epoll reports: a link, with the lowest bit set for its IPv6 socket. nullptr is the wake-up and the clock. */
constexpr uintptr_t ipv6_bit = 1;

void add_to_epoll(Napi::Env env, int epoll, int descriptor, uintptr_t what) {
  epoll_event event{};
  // Told once of what comes: it need not look again before it sleeps, which shows in every answer.
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = what;
  checked(env, "epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event));
}

void drain(int descriptor) {
  uint64_t count;
  while (::read(descriptor, &count, sizeof count) > 0) {
  }
}

}  // namespace

ResponderThread::ResponderThread(Napi::Env env, std::function<void(const Conflict&)> tell)
    : epoll_(checked(env, "epoll_create1", epoll_create1(EPOLL_CLOEXEC))),
      wake_(checked(env, "eventfd", eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
      timer_(checked(env, "timerfd_create", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK))),
      conflicts_(std::move(tell)) {
  add_to_epoll(env, epoll_.get(), wake_.get(), 0);
  add_to_epoll(env, epoll_.get(), timer_.get(), 0);
  thread_ = quiet_thread("herald-l2", [this] { run(); });
}

void ResponderThread::serve(Napi::Env env, Link& link) {
  const auto what = reinterpret_cast<uintptr_t>(&link);
  add_to_epoll(env, epoll_.get(), link.side<Ipv4>().socket.get(), what);
  add_to_epoll(env, epoll_.get(), link.side<Ipv6>().socket.get(), what | ipv6_bit);
  post([this, &link] { links_.push_back(&link); });
}

void ResponderThread::forget(std::unique_ptr<Link> link) {
  std::erase_if(disposals_, [](Disposal& disposal) {
    if (*disposal.over) disposal.thread.join();
    return !disposal.thread.joinable();
  });
  // An event of it may be reported already: it is free to go only when the thread is between two looks at events.
  const auto released = std::make_shared<std::atomic<bool>>(false);
  const auto over = std::make_shared<std::atomic<bool>>(false);
  disposals_.push_back({quiet_thread("herald-close",
                                     [link = link.get(), released, over] {
                                       released->wait(false);
                                       delete link;
                                       *over = true;
                                     }),
                        over});
  post([this, link = link.release(), released] {
    std::erase(links_, link);
    std::erase_if(unread_, [link](uintptr_t what) { return reinterpret_cast<Link*>(what & ~ipv6_bit) == link; });
    *released = true;
    released->notify_one();
  });
}

void ResponderThread::set_own(std::vector<Mac> own) {
  post([this, own = std::move(own)] { conflicts_.set_own(own); });
}

void ResponderThread::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  wake();
  thread_.join();
  carry_out_orders();  // what was to be forgotten since
  for (Disposal& disposal : disposals_) disposal.thread.join();
}

void ResponderThread::post(std::function<void()> carry_out) {
  auto* order = new Order{std::move(carry_out), orders_};
  while (!orders_.compare_exchange_weak(order->next, order)) {
  }
  wake();
}

void ResponderThread::wake() {
  constexpr uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void ResponderThread::carry_out_orders() {
  Order* last = orders_.exchange(nullptr);
  std::vector<std::unique_ptr<Order>> in_turn;
  for (; last != nullptr; last = last->next) in_turn.emplace_back(last);
  for (auto order = in_turn.rbegin(); order != in_turn.rend(); ++order) (*order)->carry_out();
}

/** The clock rings at `due_ns`, or not at all. */
void ResponderThread::arm(int64_t due_ns) {
  if (due_ns == armed_for_ns_) return;
  armed_for_ns_ = due_ns;
  constexpr int64_t second_ns = 1'000'000'000;
  itimerspec when{};
  if (due_ns != never) when.it_value = {due_ns / second_ns, due_ns % second_ns};
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void ResponderThread::receive(uintptr_t what) {
  auto* link = reinterpret_cast<Link*>(what & ~ipv6_bit);
  const bool more = what & ipv6_bit ? link->receive<Ipv6>(batch_, conflicts_) : link->receive<Ipv4>(batch_, conflicts_);
  if (more) unread_.push_back(what);
}

void ResponderThread::run() {
  std::array<epoll_event, 64> events;
  std::vector<uintptr_t> unread;
  bool more_to_say = false;
  while (!stopping_) {
    const bool idle = !more_to_say && unread_.empty();
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), idle ? -1 : 0);
    bool woken = false;
    unread.clear();
    unread.swap(unread_);
    for (const uintptr_t what : unread) receive(what);
    for (int i = 0; i < count; i++) {
      const uintptr_t what = events[static_cast<size_t>(i)].data.u64;
      if (what == 0) woken = true;
      else receive(what);
    }
    if (woken) {
      drain(wake_.get());
      drain(timer_.get());
      armed_for_ns_ = never;
      carry_out_orders();
    }
    int64_t due_ns = never;
    for (Link* link : links_) due_ns = std::min(due_ns, link->announce_due(batch_));
    // Between two batches whoever asks is answered.
    more_to_say = due_ns != never && due_ns <= monotonic_ns();
    if (!more_to_say) arm(due_ns);
  }
}

}  // namespace herald
