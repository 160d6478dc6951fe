// One interface: its two packet sockets, what is answered for, what is still to be announced. JavaScript's thread hands sets
// over; the responder's thread answers. That one never waits: it enters by counting itself in and out, and JavaScript, having
// changed what it sees, waits until it is out (at most one batch of frames).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "address-set.h"
#include "announcements.h"
#include "batch.h"
#include "conflicts.h"
#include "descriptor.h"
#include "packet.h"

namespace herald {

inline int64_t monotonic_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

/** Of one thread to write, of any to read. */
class Count {
 public:
  void add(uint64_t more = 1) { value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct Counters {
  Count requests_received;
  Count responses_sent;
  Count gratuitous_sent;
  Count conflicts;
  std::array<Count, drop_count> dropped;

  void drop(Drop why, uint64_t frames = 1) { dropped[static_cast<size_t>(why)].add(frames); }
};

/** What a link has for each family. */
template <class Address>
struct Side {
  explicit Side(Descriptor packet_socket) : socket(std::move(packet_socket)) {}

  Descriptor socket;
  Counters counters;
  /** Never null, immutable but for the notes: which call announces an address, until when (in milliseconds) a probe is heard. */
  std::atomic<const AddressSet<Address>*> answered{new AddressSet<Address>};
  std::atomic<const AddressSet<Address>*> probed{new AddressSet<Address>};

  /** The responder's thread's. */
  AnnouncementQueue<Address> queue;

  /** JavaScript's thread's: calls that are not over, by number; probes not answered yet, the oldest first. */
  std::unordered_map<uint32_t, std::shared_ptr<Announcement<Address>>> calls;
  size_t calls_swept = 0;
  std::deque<std::pair<Address, uint32_t>> probes;

  ~Side() {
    delete answered.load();
    delete probed.load();
  }
};

class Link {
 public:
  Link(int interface_index, Descriptor arp, Descriptor neighbour_discovery);

  const int interface_index;

  template <class Address>
  Side<Address>& side();

  // JavaScript's thread: link.cc.

  void set_identity(const Mac& mac, uint32_t frames_per_second);
  Mac mac() const;
  template <class Address>
  void answer_for(std::span<const Address> addresses);
  /** The call to hand to the other thread's take_call(); nothing when none of the addresses is answered for. */
  template <class Address>
  std::shared_ptr<Announcement<Address>> announce(std::span<const Address> addresses, uint32_t rounds, uint32_t interval_ms);
  template <class Address>
  std::shared_ptr<Announcement<Address>> probe(std::span<const Address> addresses);
  /** Nothing is sent after this. */
  void close();
  uint64_t pending_announcements() const;

  // The responder's thread: link-service.cc.

  template <class Address>
  void take_call(std::shared_ptr<Announcement<Address>> call);
  /** Answers one batch of what is there to read; true when that may not be all. */
  template <class Address>
  bool receive(Batch& batch, Conflicts& conflicts);
  /** Sends what is due, a batch at most, and says when it wants to be called again. */
  int64_t announce_due(Batch& batch);

 private:
  class Visit;
  template <class Address>
  struct Scene;

  template <class Address>
  void swap(std::atomic<const AddressSet<Address>*>& place, std::unique_ptr<AddressSet<Address>> next);
  void wait_until_out() const;
  template <class Address>
  std::shared_ptr<Announcement<Address>> new_call(Side<Address>& side, Saying saying, uint32_t rounds, uint32_t interval_ms);

  template <class Address>
  size_t answer(Scene<Address>& scene, std::span<const uint8_t> frame, uint8_t* reply);
  template <class Address>
  void announce_batch(Side<Address>& side, Batch& batch, int64_t now_ns);

  Side<Ipv4> ipv4_;
  Side<Ipv6> ipv6_;
  /** Six octets in one number, so that they change as one. */
  std::atomic<uint64_t> mac_{0};
  /** 0: as fast as they go. */
  std::atomic<uint32_t> frames_per_second_{0};
  std::atomic<bool> closed_{false};
  /** Odd while the responder's thread is in here. */
  std::atomic<uint32_t> visits_{0};

  /** JavaScript's thread's. */
  uint32_t last_call_ = 0;

  /** The responder's thread's: before then no announcement goes out, and the family that comes first when one may. */
  int64_t next_frame_ns_ = 0;
  bool ipv6_first_ = false;
};

template <>
inline Side<Ipv4>& Link::side<Ipv4>() {
  return ipv4_;
}
template <>
inline Side<Ipv6>& Link::side<Ipv6>() {
  return ipv6_;
}

}  // namespace herald
