// Memberships on one interface that the kernel does not hold: it looks every multicast packet up in a list of its groups, one
// after the other, so that some thousands of them cost each packet tens of microseconds. The reports are the same as its own.
// Has no thread: whoever owns it polls descriptor() and calls act(). Read RFC 3810 §6 first.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <vector>

#include "descriptor.h"
#include "mld.h"

namespace herald {

class MldListener {
 public:
  using Groups = std::vector<uint32_t>;

  explicit MldListener(int interface_index);

  /** Readable when a query has come; -1 when there can be none. */
  int descriptor() const { return queries_.get(); }
  const std::set<uint32_t>& groups() const { return groups_; }

  void join(const Groups& groups, int64_t now_ns);
  void leave(const Groups& groups, int64_t now_ns);
  /** Says all again, as after the link was away. */
  void repeat(int64_t now_ns);
  /** Reads queries, sends what is due, and says when it wants to be called again. */
  int64_t act(int64_t now_ns);

 private:
  struct Report {
    int64_t due_ns;
    Membership membership;
    /** None: all that there are then. */
    std::optional<Groups> groups;
  };

  void say(Membership membership, const Groups& groups, int64_t now_ns);
  void read_queries(int64_t now_ns);
  void answer(const MldQuery& query, int64_t now_ns);
  void send(const Report& report, int64_t now_ns);
  void send_message(std::span<const uint8_t> message, std::optional<uint32_t> to_group);
  int64_t within(int64_t longest_ns) { return std::uniform_int_distribution<int64_t>(0, longest_ns)(chance_); }

  int index_;
  Descriptor queries_;
  Descriptor reports_;
  std::set<uint32_t> groups_;
  std::vector<Report> due_;
  /** A querier of the first version was heard: it does not understand the second. */
  int64_t version1_until_ns_ = 0;
  int64_t repeated_ns_ = 0;
  std::minstd_rand chance_;
};

}  // namespace herald
