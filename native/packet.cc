#include "packet.h"

#include <endian.h>

namespace herald {
namespace {

constexpr Mac broadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr Mac nobody = {};
/** The Ethernet address of ff02::1 (RFC 2464 §7). */
constexpr Mac all_nodes_mac = {0x33, 0x33, 0, 0, 0, 1};
constexpr std::array<uint8_t, 16> all_nodes = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::array<uint8_t, 13> solicited_node = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};

enum EtherType : uint16_t { ether_arp = 0x0806, ether_ipv6 = 0x86dd };
enum ArpOperation : uint16_t { arp_request = 1, arp_reply = 2 };
enum Icmpv6Type : uint8_t { neighbour_solicitation = 135, neighbour_advertisement = 136 };
enum NeighbourOption : uint8_t { source_link_layer = 1, target_link_layer = 2 };
/** RFC 4861 §4.4. R is never set: herald is a host. */
enum AdvertisementFlag : uint8_t { solicited = 0x40, override = 0x20 };

// Where the fields lie, from the beginning of the Ethernet header.
constexpr size_t ether_source = 6, ether_type = 12, ether_header = 14;
constexpr size_t arp_operation = 20, arp_sender_mac = 22, arp_sender = 28, arp_target_mac = 32, arp_target = 38, arp_end = 42;
constexpr size_t ip_payload_length = 18, ip_next_header = 20, ip_hop_limit = 21, ip_source = 22, ip_destination = 38;
constexpr size_t icmp = 54, icmp_checksum = 56, icmp_flags = 58, icmp_target = 62, icmp_options = 78;
constexpr uint8_t next_header_icmpv6 = 58;
constexpr uint8_t link_hop_limit = 255;

template <class Value>
Value load(const uint8_t* from) {
  Value value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class Value>
void store(uint8_t* to, const Value& value) {
  std::memcpy(to, &value, sizeof value);
}

uint16_t load16(const uint8_t* from) { return be16toh(load<uint16_t>(from)); }
void store16(uint8_t* to, uint16_t value) { store(to, htobe16(value)); }

/** RFC 1071, unfolded. The last octet of an odd number counts as the high one. */
uint64_t sum_of(const uint8_t* octets, size_t length) {
  uint64_t sum = 0;
  for (; length > 1; octets += 2, length -= 2) sum += load16(octets);
  return length == 0 ? sum : sum + (uint64_t{*octets} << 8);
}

uint16_t folded(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

/** RFC 1812 §3.3.2: nobody has a group as its address. A reply to it would go to everybody. */
bool is_of_one(const Mac& mac) { return (mac[0] & 1) == 0 && mac != nobody; }

/** Looks for one link-layer address option; false when the options are broken (RFC 4861 §7.1.1, a length of zero). */
bool read_options(std::span<const uint8_t> options, NeighbourOption wanted, Mac& mac, bool& found) {
  while (!options.empty()) {
    if (options.size() < 2) return false;
    const size_t length = size_t{options[1]} * 8;
    if (length == 0 || length > options.size()) return false;
    if (options[0] == wanted) {
      mac = load<Mac>(options.data() + 2);
      found = true;
    }
    options = options.subspan(length);
  }
  return true;
}

struct ArpFields {
  Mac to;
  ArpOperation operation;
  Mac sender_mac;
  Ipv4 sender;
  Mac target_mac;
  Ipv4 target;
};

size_t write_arp(uint8_t* frame, const ArpFields& fields) {
  constexpr std::array<uint8_t, 6> ethernet_ipv4 = {0, 1, 0x08, 0, 6, 4};
  store(frame, fields.to);
  store(frame + ether_source, fields.sender_mac);
  store16(frame + ether_type, ether_arp);
  store(frame + ether_header, ethernet_ipv4);
  store16(frame + arp_operation, fields.operation);
  store(frame + arp_sender_mac, fields.sender_mac);
  store(frame + arp_sender, fields.sender);
  store(frame + arp_target_mac, fields.target_mac);
  store(frame + arp_target, fields.target);
  return arp_end;
}

/** Ethernet, IPv6 and ICMPv6 with its target; the addresses of both layers are there already. */
size_t finish_neighbour_message(uint8_t* frame, Icmpv6Type type, uint8_t flags, const Ipv6& target, size_t end) {
  store16(frame + ether_type, ether_ipv6);
  store(frame + ether_header, htobe32(0x60000000));
  store16(frame + ip_payload_length, static_cast<uint16_t>(end - icmp));
  frame[ip_next_header] = next_header_icmpv6;
  frame[ip_hop_limit] = link_hop_limit;
  store(frame + icmp, uint64_t{0});
  frame[icmp] = type;
  frame[icmp_flags] = flags;
  store(frame + icmp_target, target);
  store16(frame + icmp_checksum, static_cast<uint16_t>(~icmpv6_sum({frame, end}, icmp)));
  return end;
}

/** From the target itself: it is the address we have there, whether or not the interface has one of its own. */
size_t write_advertisement(uint8_t* frame, const Mac& ours, const Mac& to, const Ipv6& destination, const Ipv6& target,
                           uint8_t flags) {
  store(frame, to);
  store(frame + ether_source, ours);
  store(frame + ip_source, target);
  store(frame + ip_destination, destination);
  frame[icmp_options] = target_link_layer;
  frame[icmp_options + 1] = 1;
  store(frame + icmp_options + 2, ours);
  return finish_neighbour_message(frame, neighbour_advertisement, flags, target, icmp_options + 8);
}

}  // namespace

uint16_t icmpv6_sum(std::span<const uint8_t> frame, size_t at) {
  const size_t length = frame.size() - at;
  return folded(sum_of(frame.data() + ip_source, 32) + length + next_header_icmpv6 + sum_of(frame.data() + at, length));
}

bool is_addressed_to(std::span<const uint8_t> frame, const Mac& mac) {
  return frame.size() >= ether_header && ((frame[0] & 1) != 0 || load<Mac>(frame.data()) == mac);
}

Drop parse(std::span<const uint8_t> frame, Heard<Ipv4>& heard) {
  constexpr std::array<uint8_t, 8> ethernet_ipv4 = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4};
  if (frame.size() < arp_end) return Drop::malformed;
  const uint8_t* at = frame.data();
  if (load<std::array<uint8_t, 8>>(at + ether_type) != ethernet_ipv4) return Drop::malformed;
  heard.claimed = load<Ipv4>(at + arp_sender);
  heard.mac = load<Mac>(at + arp_sender_mac);
  if (load16(at + arp_operation) != arp_request) {
    heard.wanted = {};
    return Drop::none;
  }
  heard.wanted = load<Ipv4>(at + arp_target);
  // An announcement may come from anywhere; a question wants an answer.
  return is_of_one(heard.mac) ? Drop::none : Drop::malformed;
}

Drop parse(std::span<const uint8_t> frame, Heard<Ipv6>& heard) {
  if (frame.size() < icmp_options) return Drop::malformed;
  const uint8_t* at = frame.data();
  const size_t length = load16(at + ip_payload_length);
  if (load16(at + ether_type) != ether_ipv6 || at[ether_header] >> 4 != 6 || at[ip_next_header] != next_header_icmpv6)
    return Drop::malformed;
  if (length < icmp_options - icmp || length > frame.size() - icmp) return Drop::malformed;
  // RFC 4861 §7.1.1, §7.1.2, in their order.
  if (at[ip_hop_limit] != link_hop_limit) return Drop::hopLimit;
  if (icmpv6_sum(frame.first(icmp + length), icmp) != 0xffff) return Drop::checksum;
  const bool asks = at[icmp] == neighbour_solicitation;
  if (!asks && at[icmp] != neighbour_advertisement) return Drop::notASolicitation;
  const auto target = load<Ipv6>(at + icmp_target);
  const auto source = load<Ipv6>(at + ip_source);
  if (at[icmp + 1] != 0 || target.is_multicast() || target.is_unspecified() || source.is_multicast()) return Drop::malformed;
  bool named = false;
  heard.mac = load<Mac>(at + ether_source);
  const auto options = frame.subspan(icmp_options, length - (icmp_options - icmp));
  if (!read_options(options, asks ? source_link_layer : target_link_layer, heard.mac, named)) return Drop::malformed;
  if (!asks) {
    heard.claimed = target;
    heard.wanted = {};
    return Drop::none;
  }
  const bool to_group = std::memcmp(at + ip_destination, solicited_node.data(), solicited_node.size()) == 0;
  if (source.is_unspecified() && (named || !to_group)) return Drop::malformed;
  heard.claimed = source;
  heard.wanted = target;
  return is_of_one(heard.mac) ? Drop::none : Drop::malformed;
}

size_t write_answer(uint8_t* frame, const Mac& ours, const Heard<Ipv4>& question) {
  return write_arp(frame, {question.mac, arp_reply, ours, question.wanted, question.mac, question.claimed});
}

size_t write_answer(uint8_t* frame, const Mac& ours, const Heard<Ipv6>& question) {
  // RFC 4861 §7.2.4: whoever has no address yet is told with everybody, and did not solicit.
  if (question.claimed.is_unspecified())
    return write_advertisement(frame, ours, all_nodes_mac, load<Ipv6>(all_nodes.data()), question.wanted, override);
  return write_advertisement(frame, ours, question.mac, question.claimed, question.wanted, solicited | override);
}

size_t write_claim(uint8_t* frame, const Mac& ours, const Ipv4& address, size_t which) {
  // RFC 5227 §3 for the request, RFC 5944 §4.6 for the reply. Each has receivers that do not heed the other.
  if (which == 0) return write_arp(frame, {broadcast, arp_request, ours, address, nobody, address});
  return write_arp(frame, {broadcast, arp_reply, ours, address, ours, address});
}

size_t write_claim(uint8_t* frame, const Mac& ours, const Ipv6& address, size_t) {
  return write_advertisement(frame, ours, all_nodes_mac, load<Ipv6>(all_nodes.data()), address, override);  // RFC 4861 §7.2.6
}

size_t write_probe(uint8_t* frame, const Mac& ours, const Ipv4& address) {
  return write_arp(frame, {broadcast, arp_request, ours, {}, nobody, address});  // RFC 5227 §2.1.1
}

size_t write_probe(uint8_t* frame, const Mac& ours, const Ipv6& address) {
  const uint32_t suffix = solicited_node_suffix(address);
  const std::array<uint8_t, 3> last = {static_cast<uint8_t>(suffix >> 16), static_cast<uint8_t>(suffix >> 8),
                                       static_cast<uint8_t>(suffix)};
  store(frame, Mac{0x33, 0x33, 0xff, last[0], last[1], last[2]});
  store(frame + ether_source, ours);
  store(frame + ip_source, Ipv6{});  // RFC 4862 §5.4.2
  store(frame + ip_destination, solicited_node);
  store(frame + ip_destination + solicited_node.size(), last);
  return finish_neighbour_message(frame, neighbour_solicitation, 0, address, icmp_options);
}

}  // namespace herald
