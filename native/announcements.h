// What is still to be said unasked on one interface, in one family: rounds of frames, newest calls first. JavaScript's thread
// makes the calls and counts what of them is still wanted; the responder's thread walks through them. No sockets, no clock.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "address-set.h"

namespace herald {

inline constexpr int64_t never = std::numeric_limits<int64_t>::max();

enum class Saying : uint8_t { claim, probe };

/** One call. A claim is wanted while the note of its address in the set bears its number. */
template <class Address>
struct Announcement {
  uint32_t number;
  Saying saying;
  std::vector<Address> addresses;
  uint32_t rounds;
  int64_t interval_ns;
  /** Of a round: the first frame of every address comes before the second of any. */
  uint64_t frames;

  /** Addresses that no later call has taken over and that are still answered for. Written by JavaScript's thread alone. */
  std::atomic<uint64_t> wanted{0};
  /** The next frame of this round, and the rounds that are not over. Written by the responder's thread alone. */
  std::atomic<uint64_t> cursor{0};
  std::atomic<uint32_t> rounds_left{0};
  int64_t due_ns = 0;
  int64_t round_began_ns = 0;

  bool is_over() const { return rounds_left == 0 || wanted == 0; }
  const Address& address_of(uint64_t frame) const { return addresses[frame % addresses.size()]; }

  bool wants(const AddressSet<Address>& answered, const Address& address) const {
    const size_t at = answered.find(address);
    if (saying == Saying::probe) return at == answered.absent;
    return at != answered.absent && answered.note(at).load(std::memory_order_relaxed) == number;
  }

  /** Frames that will still be sent, exactly so unless some of its addresses are no longer wanted. */
  uint64_t pending() const {
    const uint64_t all = wanted * (frames / addresses.size());
    const uint32_t left = rounds_left;
    return left == 0 ? 0 : std::min(all, frames - cursor) + all * (left - 1);
  }
};

template <class Address>
class AnnouncementQueue {
 public:
  using Call = std::shared_ptr<Announcement<Address>>;
  struct Frame {
    Announcement<Address>* call;
    uint64_t number;

    const Address& address() const { return call->address_of(number); }
    size_t which() const { return number / call->addresses.size(); }
  };

  void add(Call call, int64_t now_ns) {
    call->due_ns = now_ns;
    calls_.push_back(std::move(call));
  }

  /** When there is something to send; `never` when nothing is left. */
  int64_t due_ns() const {
    int64_t earliest = never;
    for (const Call& call : calls_) earliest = std::min(earliest, call->due_ns);
    return earliest;
  }

  /** The next frames to send, at most `limit`. Looks at a bounded number of addresses: whoever asks for ours waits meanwhile. */
  size_t next(Frame* frames, size_t limit, const AddressSet<Address>& answered, int64_t now_ns) {
    size_t found = 0;
    size_t looks = most_looks;
    for (auto each = calls_.rbegin(); each != calls_.rend() && found < limit && looks > 0; ++each) {
      Announcement<Address>& call = **each;
      if (call.due_ns > now_ns || call.is_over()) continue;
      uint64_t cursor = call.cursor;
      if (cursor == 0) call.round_began_ns = now_ns;
      bool skipping = true;
      for (; cursor < call.frames && found < limit && looks > 0; cursor++, looks--) {
        if (call.wants(answered, call.address_of(cursor))) {
          frames[found++] = {&call, cursor};
          skipping = false;
        } else if (skipping) {
          call.cursor = cursor + 1;
        }
      }
    }
    return found;
  }

  /** The first `count` of them are sent; the others will be found again. Forgets what is over. */
  void advance(const Frame* frames, size_t count, int64_t now_ns) {
    for (size_t i = 0; i < count; i++) frames[i].call->cursor = frames[i].number + 1;
    std::erase_if(calls_, [now_ns](const Call& call) {
      if (call->cursor == call->frames) {
        call->cursor = 0;
        call->rounds_left -= 1;
        call->due_ns = std::max(now_ns, call->round_began_ns + call->interval_ns);
      }
      return call->is_over();
    });
  }

  void clear() {
    for (const Call& call : calls_) call->rounds_left = 0;
    calls_.clear();
  }

 private:
  static constexpr size_t most_looks = 4096;

  std::vector<Call> calls_;
};

}  // namespace herald
