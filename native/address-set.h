// Addresses found in the same time whether there is one or a hundred thousand: open addressing, at most half full, built
// once and then read by another thread. Each has a note that the builder's thread may still change.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace herald {

template <class Address>
class AddressSet {
 public:
  static constexpr size_t absent = SIZE_MAX;

  explicit AddressSet(size_t most = 0)
      : slots_(std::bit_ceil(most * 2 + 2)),
        notes_(std::make_unique<std::atomic<uint32_t>[]>(slots_.size())),
        shift_(64 - std::countr_zero(slots_.size())) {}

  /** Where it stands now. The unspecified address is nobody's and is not kept. */
  size_t insert(const Address& address) {
    if (address.is_unspecified()) return absent;
    size_t at = first(address);
    while (!slots_[at].is_unspecified()) {
      if (slots_[at] == address) return at;
      at = next(at);
    }
    slots_[at] = address;
    size_++;
    return at;
  }

  size_t find(const Address& address) const {
    for (size_t at = first(address); !slots_[at].is_unspecified(); at = next(at))
      if (slots_[at] == address) return at;
    return absent;
  }

  bool has(const Address& address) const { return find(address) != absent; }
  size_t size() const { return size_; }

  std::atomic<uint32_t>& note(size_t at) const { return notes_[at]; }

  template <class Visit>
  void each(Visit visit) const {
    for (size_t at = 0; at < slots_.size(); at++)
      if (!slots_[at].is_unspecified()) visit(slots_[at], at);
  }

 private:
  size_t first(const Address& address) const { return address.hash() >> shift_; }
  size_t next(size_t at) const { return (at + 1) & (slots_.size() - 1); }

  std::vector<Address> slots_;
  std::unique_ptr<std::atomic<uint32_t>[]> notes_;
  int shift_;
  size_t size_ = 0;
};

}  // namespace herald
