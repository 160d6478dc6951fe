#include "mld.h"

#include <algorithm>
#include <array>

#include "packet.h"

namespace herald {
namespace {

constexpr std::array<uint8_t, 13> solicited_node = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};

enum MldType : uint8_t { query = 130, version1_report = 131, version1_done = 132, report = 143 };

// From the beginning of the Ethernet header: IPv6, a hop-by-hop header of eight octets, ICMPv6.
constexpr size_t ip = 14, ip_payload_length = 18, ip_next_header = 20, ip_hop_limit = 21, ip_source = 22;
constexpr size_t hop_by_hop = 54, icmp = 62, longest_delay = icmp + 4, group_at = icmp + 8;
constexpr size_t version1_length = 24, version2_length = 28;

uint32_t load16(std::span<const uint8_t> frame, size_t at) { return static_cast<uint32_t>(frame[at] << 8 | frame[at + 1]); }

/** RFC 3810 §5.1.3. */
uint32_t milliseconds(uint32_t code) { return code < 0x8000 ? code : ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3); }

void append_group(std::vector<uint8_t>& message, uint32_t group) {
  message.insert(message.end(), solicited_node.begin(), solicited_node.end());
  for (const int shift : {16, 8, 0}) message.push_back(static_cast<uint8_t>(group >> shift));
}

}  // namespace

std::optional<MldQuery> parse_mld_query(std::span<const uint8_t> frame) {
  if (frame.size() < icmp + version1_length) return std::nullopt;
  const size_t end = hop_by_hop + load16(frame, ip_payload_length);
  if (frame[ip] >> 4 != 6 || end > frame.size() || end < icmp + version1_length) return std::nullopt;
  // RFC 3810 §5.1.14: from a neighbour, with a Router Alert option. That one is in the hop-by-hop header, and nothing else fits.
  const bool from_link = frame[ip_hop_limit] == 1 && frame[ip_source] == 0xfe && (frame[ip_source + 1] & 0xc0) == 0x80;
  if (!from_link || frame[ip_next_header] != 0 || frame[hop_by_hop] != 58 || frame[hop_by_hop + 1] != 0) return std::nullopt;
  if (frame[icmp] != query || icmpv6_sum(frame.first(end), icmp) != 0xffff) return std::nullopt;
  const size_t length = end - icmp;
  if (length > version1_length && length < version2_length) return std::nullopt;
  MldQuery heard{std::nullopt, load16(frame, longest_delay), length == version1_length};
  if (!heard.is_version1) heard.longest_delay_ms = milliseconds(heard.longest_delay_ms);
  const auto group = frame.subspan(group_at, 16);
  if (std::ranges::all_of(group, [](uint8_t octet) { return octet == 0; })) return heard;
  if (!std::ranges::equal(group.first(solicited_node.size()), solicited_node)) return std::nullopt;
  heard.group = static_cast<uint32_t>(group[13] << 16 | group[14] << 8 | group[15]);
  return heard;
}

std::vector<uint8_t> mld_report(Membership membership, std::span<const uint32_t> groups) {
  std::vector<uint8_t> message = {report, 0, 0, 0, 0, 0, static_cast<uint8_t>(groups.size() >> 8), static_cast<uint8_t>(groups.size())};
  for (const uint32_t group : groups) {
    message.insert(message.end(), {static_cast<uint8_t>(membership), 0, 0, 0});
    append_group(message, group);
  }
  return message;
}

std::vector<uint8_t> mld_version1_message(Membership membership, uint32_t group) {
  std::vector<uint8_t> message = {membership == Membership::leaves ? version1_done : version1_report, 0, 0, 0, 0, 0, 0, 0};
  append_group(message, group);
  return message;
}

}  // namespace herald
