// Multicast Listener Discovery as octets, of a listener to solicited-node groups: queries read, reports and done messages
// written. Pure. Read RFC 3810 §5.1, §5.2 and, for queriers of the first version, RFC 2710 §3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace herald {

/** What a report says of each of its groups: RFC 3810 §5.2.12, all sources meant. */
enum class Membership : uint8_t { stays = 2, leaves = 3, joins = 4 };

struct MldQuery {
  /** The last three octets of the group asked for; none: all groups. */
  std::optional<uint32_t> group;
  uint32_t longest_delay_ms;
  bool is_version1;
};

/** Nothing when it is none, a broken one, or about a group that is no solicited-node group. */
std::optional<MldQuery> parse_mld_query(std::span<const uint8_t> frame);

/** Stays below the smallest MTU of IPv6. */
inline constexpr size_t most_records = 60;

/** ICMPv6 messages without checksum, which is the kernel's to fill in. At most most_records groups. */
std::vector<uint8_t> mld_report(Membership membership, std::span<const uint32_t> groups);
std::vector<uint8_t> mld_version1_message(Membership membership, uint32_t group);

}  // namespace herald
