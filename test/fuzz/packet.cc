// Noise for native/packet.cc and native/mld.cc, under a sanitizer: what is decoded must have been in the frame, and what is written must be read back
// as what was meant. Frames lie at the very end of their memory, so that one octet too far is seen.
//
//   packet SEED FRAMES

#include "../../native/mld.h"
#include "../../native/packet.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

using namespace herald;

namespace {

[[noreturn]] void fail(const char* what, std::span<const uint8_t> frame) {
  std::fprintf(stderr, "%s:", what);
  for (const uint8_t octet : frame) std::fprintf(stderr, " %02x", octet);
  std::fprintf(stderr, "\n");
  std::abort();
}

class Noise {
 public:
  explicit Noise(uint64_t seed) : engine_(seed) {}
  uint64_t word() { return engine_(); }
  size_t below(size_t bound) { return engine_() % bound; }
  template <class Value>
  Value value() {
    static_assert(std::is_trivially_copyable_v<Value>);
    std::array<uint8_t, sizeof(Value)> octets;
    for (uint8_t& octet : octets) octet = static_cast<uint8_t>(word());
    return std::bit_cast<Value>(octets);
  }
  /** One that may be a host's. */
  Mac mac() {
    Mac mac = value<Mac>();
    mac[0] &= 0xfe;
    mac[5] |= 1;
    return mac;
  }

 private:
  std::mt19937_64 engine_;
};

Ipv4 unicast(Noise& noise, Ipv4) { return {static_cast<uint32_t>(noise.word()) | 1}; }

Ipv6 unicast(Noise& noise, Ipv6) {
  auto address = noise.value<std::array<uint8_t, 16>>();
  address[0] = 0x20;
  return std::bit_cast<Ipv6>(address);
}

/** Right until noise comes over it. */
template <class Address>
std::vector<uint8_t> sound_frame(Noise& noise) {
  std::array<uint8_t, longest_frame> room;
  const Mac mac = noise.mac();
  const auto address = unicast(noise, Address{});
  Heard<Address> question{noise.below(2) == 0 ? Address{} : unicast(noise, Address{}), address, noise.mac()};
  size_t length = 0;
  switch (noise.below(3)) {
    case 0: length = write_answer(room.data(), mac, question); break;
    case 1: length = write_claim(room.data(), mac, address, noise.below(claim_frames<Address>)); break;
    default: length = write_probe(room.data(), mac, address);
  }
  return {room.begin(), room.begin() + static_cast<ptrdiff_t>(length)};
}

void damage(Noise& noise, std::vector<uint8_t>& frame) {
  for (size_t times = noise.below(4); times-- > 0 && !frame.empty();) {
    switch (noise.below(4)) {
      case 0: frame[noise.below(frame.size())] = static_cast<uint8_t>(noise.word()); break;
      case 1: frame[noise.below(frame.size())] ^= static_cast<uint8_t>(1 << noise.below(8)); break;
      case 2: frame.resize(noise.below(frame.size() + 1)); break;
      default:
        for (size_t more = noise.below(64); more-- > 0;) frame.push_back(static_cast<uint8_t>(noise.word()));
    }
  }
}

/** RFC 1071, of the message at `icmp`, so that damage gets past the checksum now and then. */
void repair_checksum(std::vector<uint8_t>& frame, size_t icmp) {
  if (frame.size() < icmp + 24) return;
  const size_t payload = frame.size() - 54;
  frame[18] = static_cast<uint8_t>(payload >> 8), frame[19] = static_cast<uint8_t>(payload);
  frame[icmp + 2] = frame[icmp + 3] = 0;
  uint64_t sum = frame.size() - icmp + 58;
  const auto add = [&](size_t from, size_t to) {
    for (size_t at = from; at < to; at++) sum += static_cast<uint64_t>(frame[at]) << (at % 2 == 0 ? 8 : 0);
  };
  add(22, 54);
  add(icmp, frame.size());
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  frame[icmp + 2] = static_cast<uint8_t>(~sum >> 8), frame[icmp + 3] = static_cast<uint8_t>(~sum);
}

template <class Address>
bool occurs(const Address& address, std::span<const uint8_t> frame) {
  const auto* wanted = reinterpret_cast<const uint8_t*>(&address);
  for (size_t at = 0; at + sizeof address <= frame.size(); at++)
    if (std::memcmp(frame.data() + at, wanted, sizeof address) == 0) return true;
  return false;
}

template <class Address>
void judge(Noise& noise, const std::vector<uint8_t>& frame, uint64_t& understood) {
  // Memory of exactly its length: the sanitizer watches what lies behind.
  const auto exact = std::make_unique<uint8_t[]>(frame.size());
  std::copy(frame.begin(), frame.end(), exact.get());
  const std::span<const uint8_t> octets(exact.get(), frame.size());
  const Mac ours = noise.mac();
  is_addressed_to(octets, ours);
  Heard<Address> heard;
  if (parse(octets, heard) != Drop::none) return;
  understood++;
  if (!occurs(heard.mac, octets) || !occurs(heard.claimed, octets)) fail("invented", octets);
  if (heard.wanted.is_unspecified()) return;
  if (!occurs(heard.wanted, octets) || (heard.mac[0] & 1) != 0) fail("answers a group", octets);
  std::array<uint8_t, longest_frame> room;
  const size_t length = write_answer(room.data(), ours, heard);
  Heard<Address> answer;
  if (length > room.size() || parse({room.data(), length}, answer) != Drop::none) fail("wrote what it cannot read", octets);
  if (answer.claimed != heard.wanted || answer.mac != ours || !answer.wanted.is_unspecified()) fail("answered something else", octets);
}

template <class Address>
void round(Noise& noise, uint64_t& understood) {
  std::vector<uint8_t> frame;
  if (noise.below(8) == 0) {
    frame.resize(noise.below(1537));
    for (uint8_t& octet : frame) octet = static_cast<uint8_t>(noise.word());
  } else {
    frame = sound_frame<Address>(noise);
    damage(noise, frame);
    if (std::is_same_v<Address, Ipv6> && noise.below(4) != 0) repair_checksum(frame, 54);
  }
  judge<Address>(noise, frame, understood);
}

void round_query(Noise& noise, uint64_t& understood) {
  constexpr size_t icmp = 62;
  std::vector<uint8_t> frame(icmp + (noise.below(2) == 0 ? 24 : 28));
  frame[12] = 0x86, frame[13] = 0xdd, frame[14] = 0x60, frame[21] = 1, frame[22] = 0xfe, frame[23] = 0x80;
  frame[54] = 58, frame[56] = 5, frame[57] = 2, frame[60] = 1, frame[icmp] = 130;
  const auto delay = noise.value<std::array<uint8_t, 2>>();
  std::ranges::copy(delay, frame.begin() + icmp + 4);
  if (noise.below(2) == 0) {
    frame[icmp + 8] = 0xff, frame[icmp + 9] = 2, frame[icmp + 19] = 1, frame[icmp + 20] = 0xff;
    frame[icmp + 23] = static_cast<uint8_t>(noise.word());
  }
  damage(noise, frame);
  if (noise.below(4) != 0) repair_checksum(frame, icmp);
  const auto exact = std::make_unique<uint8_t[]>(frame.size());
  std::ranges::copy(frame, exact.get());
  const std::span<const uint8_t> octets(exact.get(), frame.size());
  const auto query = parse_mld_query(octets);
  if (!query) return;
  understood++;
  // RFC 3810 §5.1.3: the longest that a code can say is 8,387,584 ms.
  if (query->longest_delay_ms > 8'387'584 || query->group.value_or(0) > 0xffffff) fail("invented", octets);
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 64;
  Noise noise(std::strtoull(words[1], nullptr, 0));
  const uint64_t frames = std::strtoull(words[2], nullptr, 0);
  uint64_t understood = 0;
  for (uint64_t i = 0; i < frames; i += 3) {
    round<Ipv4>(noise, understood);
    round<Ipv6>(noise, understood);
    round_query(noise, understood);
  }
  std::printf("%llu\n", static_cast<unsigned long long>(understood));
}
