// Which claims of other hosts JavaScript hears of: none of our own interfaces', a few a second for one address, and not
// more of all of them than it can take. The responder's thread alone looks in here.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "packet.h"

namespace herald {

struct Conflict {
  int interface_index = 0;
  /** 4 or 16. */
  uint8_t address_length = 0;
  std::array<uint8_t, 16> address{};
  Mac mac{};
};

class Conflicts {
 public:
  explicit Conflicts(std::function<void(const Conflict&)> tell) : tell_(std::move(tell)) {}

  void set_own(std::vector<Mac> own) { own_ = std::move(own); }

  /** Two interfaces of ours on one segment hear each other. */
  bool is_own(const Mac& mac) const { return std::ranges::find(own_, mac) != own_.end(); }

  template <class Address>
  void report(int interface_index, const Address& address, const Mac& mac, int64_t now_ns) {
    const uint64_t key = address.hash() + static_cast<uint64_t>(interface_index);
    Told& told = told_[key % told_.size()];
    if (told.key == key && now_ns - told.at_ns < between_ns) return;
    told = {key, now_ns};
    Conflict conflict{interface_index, sizeof address, {}, mac};
    std::memcpy(conflict.address.data(), &address, sizeof address);
    tell_(conflict);
  }

 private:
  static constexpr int64_t between_ns = 300'000'000;
  struct Told {
    uint64_t key = 0;
    int64_t at_ns = 0;
  };

  std::function<void(const Conflict&)> tell_;
  std::vector<Mac> own_;
  /** Where two addresses share a place, both may be heard of more often. */
  std::array<Told, 4096> told_{};
};

}  // namespace herald
