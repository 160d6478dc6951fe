#include "link.h"

#include <algorithm>
#include <thread>

namespace herald {
namespace {

/** How long an answer to a probe may take. */
constexpr uint32_t probe_heard_ms = 10'000;
constexpr size_t most_probes = 65'536;
constexpr size_t few_calls = 64;

uint32_t now_ms() { return static_cast<uint32_t>(monotonic_ns() / 1'000'000); }

template <class Address>
void give_up(Side<Address>& side, uint32_t number) {
  const auto call = side.calls.find(number);
  if (call != side.calls.end()) call->second->wanted--;
}

}  // namespace

Link::Link(int index, Descriptor arp, Descriptor neighbour_discovery)
    : interface_index(index), ipv4_(std::move(arp)), ipv6_(std::move(neighbour_discovery)) {}

void Link::set_identity(const Mac& mac, uint32_t frames_per_second) {
  uint64_t number = 0;
  std::memcpy(&number, mac.data(), mac.size());
  mac_ = number;
  frames_per_second_ = frames_per_second;
  wait_until_out();
}

Mac Link::mac() const {
  const uint64_t number = mac_;
  Mac mac;
  std::memcpy(mac.data(), &number, mac.size());
  return mac;
}

/** Both sides are in one order of all atomic accesses: whoever enters after our change sees it, whoever was in before is awaited. */
void Link::wait_until_out() const {
  const uint32_t seen = visits_;
  if ((seen & 1) == 0) return;
  while (visits_ == seen) std::this_thread::yield();
}

template <class Address>
void Link::swap(std::atomic<const AddressSet<Address>*>& place, std::unique_ptr<AddressSet<Address>> next) {
  const std::unique_ptr<const AddressSet<Address>> last(place.exchange(next.release()));
  wait_until_out();
}

template <class Address>
void Link::answer_for(std::span<const Address> addresses) {
  Side<Address>& side = this->side<Address>();
  auto next = std::make_unique<AddressSet<Address>>(addresses.size());
  for (const Address& address : addresses) next->insert(address);
  const AddressSet<Address>& last = *side.answered;
  last.each([&](const Address& address, size_t at) {
    const uint32_t number = last.note(at);
    if (number == 0) return;
    const size_t kept = next->find(address);
    if (kept == next->absent) give_up(side, number);
    else next->note(kept) = number;
  });
  swap(side.answered, std::move(next));
}

template <class Address>
std::shared_ptr<Announcement<Address>> Link::new_call(Side<Address>& side, Saying saying, uint32_t rounds,
                                                      uint32_t interval_ms) {
  if (side.calls.size() > 2 * side.calls_swept + few_calls) {
    std::erase_if(side.calls, [](const auto& known) { return known.second->is_over(); });
    side.calls_swept = side.calls.size();
  }
  auto call = std::make_shared<Announcement<Address>>();
  if (++last_call_ == 0) ++last_call_;  // 0 means none
  call->number = last_call_;
  call->saying = saying;
  call->rounds_left = rounds;
  call->interval_ns = int64_t{interval_ms} * 1'000'000;
  return call;
}

template <class Address>
std::shared_ptr<Announcement<Address>> Link::announce(std::span<const Address> addresses, uint32_t rounds,
                                                      uint32_t interval_ms) {
  Side<Address>& side = this->side<Address>();
  const AddressSet<Address>& answered = *side.answered;
  auto call = new_call(side, Saying::claim, rounds, interval_ms);
  for (const Address& address : addresses) {
    const size_t at = answered.find(address);
    if (at == answered.absent) continue;
    const uint32_t before = answered.note(at).exchange(call->number);
    if (before == call->number) continue;  // named twice
    if (before != 0) give_up(side, before);
    call->addresses.push_back(address);
  }
  if (call->addresses.empty() || rounds == 0) return nullptr;
  call->wanted = call->addresses.size();
  call->frames = call->addresses.size() * claim_frames<Address>;
  side.calls.emplace(call->number, call);
  return call;
}

template <class Address>
std::shared_ptr<Announcement<Address>> Link::probe(std::span<const Address> addresses) {
  Side<Address>& side = this->side<Address>();
  auto call = new_call(side, Saying::probe, 1, 0);
  const uint32_t now = now_ms();
  for (const Address& address : addresses) {
    if (address.is_unspecified()) continue;
    call->addresses.push_back(address);
    side.probes.emplace_back(address, now + probe_heard_ms);
  }
  if (call->addresses.empty()) return nullptr;
  const auto is_past = [now](uint32_t until) { return static_cast<int32_t>(until - now) <= 0; };
  while (side.probes.size() > most_probes || is_past(side.probes.front().second)) side.probes.pop_front();
  auto next = std::make_unique<AddressSet<Address>>(side.probes.size());
  for (const auto& [address, until] : side.probes) next->note(next->insert(address)) = until;
  swap(side.probed, std::move(next));
  call->wanted = call->frames = call->addresses.size();
  side.calls.emplace(call->number, call);
  return call;
}

void Link::close() {
  closed_ = true;
  wait_until_out();
}

uint64_t Link::pending_announcements() const {
  uint64_t pending = 0;
  for (const auto& [number, call] : ipv4_.calls) pending += call->pending();
  for (const auto& [number, call] : ipv6_.calls) pending += call->pending();
  return pending;
}

template void Link::answer_for(std::span<const Ipv4>);
template void Link::answer_for(std::span<const Ipv6>);
template std::shared_ptr<Announcement<Ipv4>> Link::announce(std::span<const Ipv4>, uint32_t, uint32_t);
template std::shared_ptr<Announcement<Ipv6>> Link::announce(std::span<const Ipv6>, uint32_t, uint32_t);
template std::shared_ptr<Announcement<Ipv4>> Link::probe(std::span<const Ipv4>);
template std::shared_ptr<Announcement<Ipv6>> Link::probe(std::span<const Ipv6>);

}  // namespace herald
