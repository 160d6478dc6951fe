// The solicited-node groups of the addresses that are answered for, joined for good: a switch that snoops MLD forwards
// solicitations to members only. Addresses may share a group. The first 64 are the kernel's, the others our own
// (mld-listener.h says why). Joining takes the kernel's configuration lock, so a thread of its own waits for it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "descriptor.h"

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
  /** Reports our own again: the link may have been away. Of the kernel's it does so itself. */
  void repeat(int interface_index);
  void forget(int interface_index);
  uint32_t joined(int interface_index);
  void stop();

 private:
  class Interface;
  /** What JavaScript's thread has said and nobody has looked at. */
  struct Order {
    bool forget = false;
    bool repeat = false;
    std::optional<Groups> groups;
  };

  void wake();
  void run();
  void carry_out(int interface_index, const Order& order);
  void wait();

  Descriptor wake_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::map<int, Order> orders_;
  /** Of every interface that has had groups. */
  std::map<int, uint32_t> joined_;

  /** The thread's own. */
  std::map<int, std::unique_ptr<Interface>> interfaces_;
  std::thread thread_;
};

}  // namespace herald
