#include "group-memberships.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <unordered_map>

#include "descriptor.h"
#include "quiet-thread.h"

namespace herald {
namespace {

constexpr uint32_t groups_per_socket = 1000;

}  // namespace

/** The memberships on one interface. */
class GroupMemberships::Interface {
 public:
  explicit Interface(int index) : index_(index) {}

  /** False when it cannot be had; then every group is listened to. */
  bool join(uint32_t group) {
    for (size_t at = sockets_.size(); at-- > 0;) {
      if (sockets_[at].members >= sockets_[at].most) continue;
      const int failure = change(IPV6_JOIN_GROUP, at, group);
      if (failure == 0) return true;
      if (failure != ENOMEM && failure != ENOBUFS) return listen_to_all();
      sockets_[at].most = sockets_[at].members;  // net.core.optmem_max is smaller here
    }
    sockets_.push_back({Descriptor(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)), 0, groups_per_socket});
    return change(IPV6_JOIN_GROUP, sockets_.size() - 1, group) == 0 || listen_to_all();
  }

  void leave(uint32_t group) {
    const auto place = places_.find(group);
    if (place == places_.end()) return;
    change(IPV6_LEAVE_GROUP, place->second, group);
    sockets_[place->second].members--;
    places_.erase(place);
  }

  uint32_t members() const { return static_cast<uint32_t>(places_.size()); }
  bool is_member(uint32_t group) const { return places_.contains(group); }

  /** Of the groups that it is a member of, those that are not among the wanted. */
  Groups left_over(const Groups& wanted) const {
    Groups groups;
    for (const auto& [group, socket] : places_)
      if (!std::ranges::binary_search(wanted, group)) groups.push_back(group);
    return groups;
  }

 private:
  struct Socket {
    Descriptor descriptor;
    uint32_t members;
    uint32_t most;
  };

  int change(int option, size_t socket, uint32_t group) {
    ipv6_mreq request{};
    request.ipv6mr_interface = static_cast<unsigned>(index_);
    uint8_t* octets = request.ipv6mr_multiaddr.s6_addr;
    // RFC 4291 §2.7.1: ff02::1:ff00:0/104.
    octets[0] = 0xff, octets[1] = 0x02, octets[11] = 1, octets[12] = 0xff;
    octets[13] = static_cast<uint8_t>(group >> 16), octets[14] = static_cast<uint8_t>(group >> 8);
    octets[15] = static_cast<uint8_t>(group);
    if (setsockopt(sockets_[socket].descriptor.get(), IPPROTO_IPV6, option, &request, sizeof request) < 0) return errno;
    if (option == IPV6_JOIN_GROUP) {
      places_.emplace(group, socket);
      sockets_[socket].members++;
    }
    return 0;
  }

  bool listen_to_all() {
    if (!all_) {
      all_.emplace(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
      packet_mreq request{};
      request.mr_ifindex = index_;
      request.mr_type = PACKET_MR_ALLMULTI;
      (void)setsockopt(all_->get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request);
    }
    return false;
  }

  int index_;
  std::vector<Socket> sockets_;
  /** Group to the socket that holds it. */
  std::unordered_map<uint32_t, size_t> places_;
  std::optional<Descriptor> all_;
};

GroupMemberships::GroupMemberships() = default;

GroupMemberships::~GroupMemberships() { stop(); }

void GroupMemberships::want(int interface_index, Groups groups) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || (groups.empty() && !joined_.contains(interface_index))) return;
  joined_.try_emplace(interface_index, 0);
  wanted_.insert_or_assign(interface_index, std::move(groups));
  if (!thread_.joinable()) thread_ = quiet_thread("herald-groups", [this] { run(); });
  changed_.notify_one();
}

void GroupMemberships::forget(int interface_index) {
  const std::lock_guard lock(mutex_);
  if (joined_.erase(interface_index) == 0) return;
  wanted_.insert_or_assign(interface_index, std::nullopt);
  changed_.notify_one();
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
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void GroupMemberships::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (wanted_.empty()) {
      changed_.wait(lock);
      continue;
    }
    auto next = wanted_.extract(wanted_.begin());
    lock.unlock();
    apply(next.key(), std::move(next.mapped()));
    lock.lock();
  }
}

/** Tells how far we are, and hears whether to go on. */
bool GroupMemberships::is_overtaken(int interface_index, uint32_t joined) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || wanted_.contains(interface_index)) return true;
  joined_[interface_index] = joined;
  return false;
}

void GroupMemberships::apply(int interface_index, std::optional<Groups> groups) {
  if (!groups) {
    interfaces_.erase(interface_index);
    return;
  }
  auto& interface = interfaces_[interface_index];
  if (!interface) interface = std::make_unique<Interface>(interface_index);
  for (const uint32_t group : *groups) {
    if (interface->is_member(group)) continue;
    interface->join(group);
    if (is_overtaken(interface_index, interface->members())) return;
  }
  for (const uint32_t group : interface->left_over(*groups)) {
    interface->leave(group);
    if (is_overtaken(interface_index, interface->members())) return;
  }
}

}  // namespace herald
