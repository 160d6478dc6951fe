// The solicited-node groups of the addresses that are answered for, joined for good: a switch that snoops MLD forwards
// solicitations to members only. Joins take the kernel's configuration lock, so a thread of its own waits for them.
// Addresses may share a group; the sockets that hold memberships receive nothing.
//
//   IPV6_JOIN_GROUP                ipv6(7)        at most 1,000 a socket: each costs of net.core.optmem_max
//   PACKET_MR_ALLMULTI             packet(7)      where IPv6 is disabled on the interface and nothing can be joined
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace herald {

class GroupMemberships {
 public:
  /** The last three octets of each group, in order and each once. */
  using Groups = std::vector<uint32_t>;

  GroupMemberships();
  ~GroupMemberships();
  GroupMemberships(const GroupMemberships&) = delete;
  GroupMemberships& operator=(const GroupMemberships&) = delete;

  void want(int interface_index, Groups groups);
  void forget(int interface_index);
  uint32_t joined(int interface_index);
  void stop();

 private:
  class Interface;

  void run();
  void apply(int interface_index, std::optional<Groups> groups);
  bool is_overtaken(int interface_index, uint32_t joined);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  /** What JavaScript's thread said last and nobody has looked at; nothing means forget it. */
  std::map<int, std::optional<Groups>> wanted_;
  std::map<int, uint32_t> joined_;

  /** The thread's own. */
  std::map<int, std::unique_ptr<Interface>> interfaces_;
  std::thread thread_;
};


}  // namespace herald
