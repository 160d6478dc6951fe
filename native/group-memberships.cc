#include "group-memberships.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "announcements.h"
#include "link.h"
#include "mld-listener.h"
#include "quiet-thread.h"

namespace herald {
namespace {

/** Of one interface. The kernel goes through half of them for each multicast packet: with 256, a microsecond; with 4,096, thirty. */
constexpr size_t most_kernel_groups = 64;

}  // namespace

class GroupMemberships::Interface {
 public:
  explicit Interface(int index) : index_(index), kernel_(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

  uint32_t members() const { return static_cast<uint32_t>(in_kernel_.size() + (own_ ? own_->groups().size() : 0)); }

  /** What is no longer wanted goes first: it makes room. */
  void change_to(const Groups& wanted, int64_t now_ns) {
    Groups own;
    for (const uint32_t group : gone(in_kernel_, wanted)) change(IPV6_LEAVE_GROUP, group);
    if (own_) own_->leave(gone(own_->groups(), wanted), now_ns);
    for (const uint32_t group : wanted) {
      if (in_kernel_.contains(group) || (own_ && own_->groups().contains(group))) continue;
      if (in_kernel_.size() >= most_kernel_groups || !change(IPV6_JOIN_GROUP, group)) own.push_back(group);
    }
    if (own.empty()) return;
    if (!own_) own_.emplace(index_);
    own_->join(own, now_ns);
  }

  std::optional<MldListener>& own() { return own_; }

 private:
  static Groups gone(const std::set<uint32_t>& members, const Groups& wanted) {
    Groups groups;
    std::ranges::set_difference(members, wanted, std::back_inserter(groups));
    return groups;
  }

  bool change(int option, uint32_t group) {
    ipv6_mreq request{};
    request.ipv6mr_interface = static_cast<unsigned>(index_);
    uint8_t* octets = request.ipv6mr_multiaddr.s6_addr;
    // RFC 4291 §2.7.1: ff02::1:ff00:0/104.
    octets[0] = 0xff, octets[1] = 0x02, octets[11] = 1, octets[12] = 0xff;
    octets[13] = static_cast<uint8_t>(group >> 16), octets[14] = static_cast<uint8_t>(group >> 8);
    octets[15] = static_cast<uint8_t>(group);
    if (option == IPV6_LEAVE_GROUP) in_kernel_.erase(group);
    if (setsockopt(kernel_.get(), IPPROTO_IPV6, option, &request, sizeof request) < 0) return false;
    if (option == IPV6_JOIN_GROUP) in_kernel_.insert(group);
    return true;
  }

  int index_;
  /** Receives nothing: it is bound to nothing. */
  Descriptor kernel_;
  std::set<uint32_t> in_kernel_;
  std::optional<MldListener> own_;
};

GroupMemberships::GroupMemberships() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

GroupMemberships::~GroupMemberships() { stop(); }

void GroupMemberships::wake() {
  constexpr uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void GroupMemberships::want(int interface_index, Groups groups) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || (groups.empty() && !joined_.contains(interface_index))) return;
  joined_.try_emplace(interface_index, 0);
  orders_[interface_index].groups = std::move(groups);
  if (!thread_.joinable()) thread_ = quiet_thread("herald-groups", [this] { run(); });
  wake();
}

void GroupMemberships::repeat(int interface_index) {
  const std::lock_guard lock(mutex_);
  if (!joined_.contains(interface_index)) return;
  orders_[interface_index].repeat = true;
  wake();
}

void GroupMemberships::forget(int interface_index) {
  const std::lock_guard lock(mutex_);
  if (joined_.erase(interface_index) == 0) return;
  orders_[interface_index] = {.forget = true, .repeat = false, .groups = std::nullopt};
  wake();
}

uint32_t GroupMemberships::joined(int interface_index) {
  const std::lock_guard lock(mutex_);
  const auto known = joined_.find(interface_index);
  return known == joined_.end() ? 0 : known->second;
}

void GroupMemberships::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake();
  }
  if (thread_.joinable()) thread_.join();
}

void GroupMemberships::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      while (!stopping_ && !orders_.empty()) {
        const auto order = orders_.extract(orders_.begin());
        lock.unlock();
        carry_out(order.key(), order.mapped());
        lock.lock();
      }
      if (stopping_) break;
    }
    wait();
  }
  // Who answers no longer is no member any more.
  for (auto& [index, interface] : interfaces_) interface->change_to({}, monotonic_ns());
  for (auto& [index, interface] : interfaces_)
    if (interface->own()) interface->own()->act(monotonic_ns());
  interfaces_.clear();
}

/** For orders, for queries, and for what is due. */
void GroupMemberships::wait() {
  std::vector<pollfd> polled = {{wake_.get(), POLLIN, 0}};
  int64_t due_ns = never;
  for (auto& [index, interface] : interfaces_) {
    if (!interface->own()) continue;
    due_ns = std::min(due_ns, interface->own()->act(monotonic_ns()));
    polled.push_back({interface->own()->descriptor(), POLLIN, 0});
  }
  const int64_t milliseconds = due_ns == never ? -1 : std::max<int64_t>(0, (due_ns - monotonic_ns()) / 1'000'000 + 1);
  ::poll(polled.data(), polled.size(), static_cast<int>(milliseconds));
  uint64_t count;
  (void)!::read(wake_.get(), &count, sizeof count);
}

void GroupMemberships::carry_out(int interface_index, const Order& order) {
  const int64_t now_ns = monotonic_ns();
  auto& interface = interfaces_[interface_index];
  if (order.forget && interface) {
    interface->change_to({}, now_ns);
    if (interface->own()) interface->own()->act(now_ns);
    interface.reset();
  }
  if (order.groups) {
    if (!interface) interface = std::make_unique<Interface>(interface_index);
    interface->change_to(*order.groups, now_ns);
  }
  if (!interface) {
    interfaces_.erase(interface_index);
    return;
  }
  if (order.repeat && interface->own()) interface->own()->repeat(now_ns);
  const std::lock_guard lock(mutex_);
  if (const auto known = joined_.find(interface_index); known != joined_.end()) known->second = interface->members();
}

}  // namespace herald
