// Noise for native/packet.cc, under a sanitizer: what is decoded must have been in the frame, and what is written must be read back
// as what was meant. Frames lie at the very end of their memory, so that one octet too far is seen.
//
//   packet SEED FRAMES

#include "../../native/packet.h"

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

/** RFC 1071, so that damage gets past the checksum now and then. */
void repair_checksum(std::vector<uint8_t>& frame) {
  if (frame.size() < 78) return;
  const size_t length = frame.size() - 54;
  frame[18] = static_cast<uint8_t>(length >> 8), frame[19] = static_cast<uint8_t>(length);
  frame[56] = frame[57] = 0;
  uint64_t sum = length + 58;
  for (size_t at = 22; at < frame.size(); at++) sum += static_cast<uint64_t>(frame[at]) << (at % 2 == 0 ? 8 : 0);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  frame[56] = static_cast<uint8_t>(~sum >> 8), frame[57] = static_cast<uint8_t>(~sum);
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
    if (std::is_same_v<Address, Ipv6> && noise.below(4) != 0) repair_checksum(frame);
  }
  judge<Address>(noise, frame, understood);
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 64;
  Noise noise(std::strtoull(words[1], nullptr, 0));
  const uint64_t frames = std::strtoull(words[2], nullptr, 0);
  uint64_t understood = 0;
  for (uint64_t i = 0; i < frames; i += 2) {
    round<Ipv4>(noise, understood);
    round<Ipv6>(noise, understood);
  }
  std::printf("%llu\n", static_cast<unsigned long long>(understood));
}
