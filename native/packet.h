// ARP and neighbour discovery as octets: what a frame asks or claims, and the frames that answer, announce and probe. Pure: no
// sockets, no state, nothing allocated. Read RFC 826, RFC 5227 §2.1.1 and §3, RFC 4861 §4.3, §4.4 and §7.1 first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace herald {

using Mac = std::array<uint8_t, 6>;

/** Addresses as they lie in a frame, to be compared and hashed as numbers. */
struct Ipv4 {
  uint32_t bits = 0;
  bool operator==(const Ipv4&) const = default;
  bool is_unspecified() const { return bits == 0; }
  uint64_t hash() const { return bits * 0x9e3779b97f4a7c15u; }
};

struct Ipv6 {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const Ipv6&) const = default;
  bool is_unspecified() const { return (high | low) == 0; }
  bool is_multicast() const { return octet(0) == 0xff; }
  uint8_t octet(size_t at) const { return reinterpret_cast<const uint8_t*>(this)[at]; }
  uint64_t hash() const {
    uint64_t mixed = (high ^ (low >> 32)) * 0xff51afd7ed558ccdu;
    mixed = (mixed ^ (mixed >> 33) ^ low) * 0xc4ceb9fe1a85ec53u;
    return (mixed ^ (mixed >> 29)) * 0x9e3779b97f4a7c15u;
  }
};
static_assert(sizeof(Ipv6) == 16);

/** Why a frame is not answered: DropReason in src/l2/responder.ts, in the order of drop_names. */
enum class Drop : uint8_t {
  arpReply,
  ethernetDestination,
  announceIP,
  malformed,
  hopLimit,
  checksum,
  notASolicitation,
  ownFrame,
  sendFailed,
  overflow,
  none,
};
inline constexpr size_t drop_count = static_cast<size_t>(Drop::none);
inline constexpr std::array<const char*, drop_count> drop_names = {
    "arpReply", "ethernetDestination", "announceIP", "malformed",  "hopLimit",
    "checksum", "notASolicitation",    "ownFrame",   "sendFailed", "overflow",
};

/** What a frame says, in either protocol. */
template <class Address>
struct Heard {
  /** The address its sender uses: of an ARP sender, of a solicitation's source, of an advertisement's target. Unspecified in a probe. */
  Address claimed;
  /** The address it asks for; unspecified when it is no question. */
  Address wanted;
  /** Whose it is, by its own word where it has one. */
  Mac mac{};
};

inline constexpr size_t longest_frame = 96;

/** Drop::none and `heard` filled, or why the frame says nothing to us. `frame` begins with the Ethernet header. */
Drop parse(std::span<const uint8_t> frame, Heard<Ipv4>& heard);
Drop parse(std::span<const uint8_t> frame, Heard<Ipv6>& heard);

/**
 * RFC 4443 §2.3, over the message at `at` to the end of the frame and the pseudo-header of RFC 8200 §8.1: 0xffff when it carries
 * the right checksum.
 */
uint16_t icmpv6_sum(std::span<const uint8_t> frame, size_t at);

/** To the broadcast address, to a group, or to `mac`. */
bool is_addressed_to(std::span<const uint8_t> frame, const Mac& mac);

/** Each writes one frame of at most longest_frame octets and returns its length. */
size_t write_answer(uint8_t* frame, const Mac& ours, const Heard<Ipv4>& question);
size_t write_answer(uint8_t* frame, const Mac& ours, const Heard<Ipv6>& question);

/** How many frames announce an address: an ARP request and a reply, one advertisement. `which` counts them. */
template <class Address>
inline constexpr size_t claim_frames = 1;
template <>
inline constexpr size_t claim_frames<Ipv4> = 2;
size_t write_claim(uint8_t* frame, const Mac& ours, const Ipv4& address, size_t which);
size_t write_claim(uint8_t* frame, const Mac& ours, const Ipv6& address, size_t which);

/** Asks whether anybody has the address, without claiming it. */
size_t write_probe(uint8_t* frame, const Mac& ours, const Ipv4& address);
size_t write_probe(uint8_t* frame, const Mac& ours, const Ipv6& address);

/** The last three octets of the solicited-node group of an address (RFC 4291 §2.7.1). */
inline uint32_t solicited_node_suffix(const Ipv6& address) {
  return static_cast<uint32_t>(address.octet(13) << 16 | address.octet(14) << 8 | address.octet(15));
}

}  // namespace herald
