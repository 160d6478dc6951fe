// What the responder's thread does on a link: answer what was heard, send what is due. No memory is asked for here, and nothing waits.

#include <algorithm>

#include "link.h"

namespace herald {
namespace {

constexpr int64_t second_ns = 1'000'000'000;
/** What a driver's queue or a socket's buffer had no room for is tried again after this. */
constexpr int64_t retry_ns = 1'000'000;

/** A paced batch holds what may go out in 5 ms: the thread wakes 200 times a second for it, not once for each frame. */
size_t paced_batch(uint32_t frames_per_second) {
  return frames_per_second == 0 ? batch_size : std::clamp<size_t>(frames_per_second / 200, 1, batch_size);
}

constexpr Drop not_a_question(const Heard<Ipv4>&) { return Drop::arpReply; }
constexpr Drop not_a_question(const Heard<Ipv6>&) { return Drop::notASolicitation; }

}  // namespace

/** From its beginning to its end JavaScript's thread changes nothing that we use. */
class Link::Visit {
 public:
  explicit Visit(Link& link) : link_(link) { link_.visits_++; }
  ~Visit() { link_.visits_++; }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  bool may_send() const { return !link_.closed_; }

 private:
  Link& link_;
};

/** What a batch is judged by. */
template <class Address>
struct Link::Scene {
  const AddressSet<Address>& answered;
  const AddressSet<Address>& probed;
  const Mac ours;
  Conflicts& conflicts;
  Counters& counters;
  int64_t now_ns;

  bool is_probed(const Address& address) const {
    const size_t at = probed.find(address);
    return at != probed.absent && static_cast<int32_t>(probed.note(at) - static_cast<uint32_t>(now_ns / 1'000'000)) > 0;
  }
};

/** The length of the reply, 0 for none. */
template <class Address>
size_t Link::answer(Scene<Address>& scene, std::span<const uint8_t> frame, uint8_t* reply) {
  const auto ignore = [&scene](Drop why) {
    scene.counters.drop(why);
    return size_t{0};
  };
  const auto conflict = [&](const Address& address, const Mac& mac) {
    scene.counters.conflicts.add();
    scene.conflicts.report(interface_index, address, mac, scene.now_ns);
    return size_t{0};
  };
  Heard<Address> heard;
  if (const Drop why = parse(frame, heard); why != Drop::none) return ignore(why);
  if (heard.mac == scene.ours) return ignore(Drop::ownFrame);
  const bool theirs = !scene.conflicts.is_own(heard.mac);
  // RFC 5227 §2.4, RFC 4862 §5.4.4: somebody uses what we answer for. §2.1.1: or what we are asking about.
  if (!heard.claimed.is_unspecified() && (scene.answered.has(heard.claimed) || scene.is_probed(heard.claimed)))
    return theirs ? conflict(heard.claimed, heard.mac) : ignore(Drop::ownFrame);
  if (heard.wanted.is_unspecified()) return ignore(not_a_question(heard));
  if (!scene.answered.has(heard.wanted)) {
    // RFC 5227 §2.1.1, RFC 4862 §5.4.3: two ask at the same time, and neither may have it.
    if (theirs && heard.claimed.is_unspecified() && scene.is_probed(heard.wanted)) return conflict(heard.wanted, heard.mac);
    return ignore(Drop::announceIP);
  }
  scene.counters.requests_received.add();
  return write_answer(reply, scene.ours, heard);
}

template <class Address>
bool Link::receive(Batch& batch, Conflicts& conflicts) {
  const Visit visit(*this);
  if (!visit.may_send()) return false;
  Side<Address>& side = this->side<Address>();
  const size_t received = batch.receive(side.socket.get());
  if (received == 0) return false;
  Scene<Address> scene{*side.answered, *side.probed, mac(), conflicts, side.counters, monotonic_ns()};
  batch.clear();
  for (size_t at = 0; at < received; at++) {
    const auto frame = batch.frame(at);
    if (!frame) {
      side.counters.drop(Drop::malformed);
    } else if (batch.is_foreign(at) || !is_addressed_to(*frame, scene.ours)) {
      side.counters.drop(Drop::ethernetDestination);
    } else if (const size_t length = answer(scene, *frame, batch.room()); length > 0) {
      batch.fill(length);
    }
  }
  // Who asked asks again: an answer that the interface has no room for is not kept.
  size_t sent = 0;
  size_t failed = 0;
  while (batch.send(side.socket.get(), sent) != 0) {
    failed++;
    sent++;
  }
  side.counters.responses_sent.add(batch.filled() - failed);
  if (failed > 0) side.counters.drop(Drop::sendFailed, failed);
  return received == batch_size;
}

template <class Address>
void Link::take_call(std::shared_ptr<Announcement<Address>> call) {
  side<Address>().queue.add(std::move(call), monotonic_ns());
}

int64_t Link::announce_due(Batch& batch) {
  const int64_t ipv4_due_ns = ipv4_.queue.due_ns();
  const int64_t ipv6_due_ns = ipv6_.queue.due_ns();
  const int64_t earliest_ns = std::min(ipv4_due_ns, ipv6_due_ns);
  if (earliest_ns == never) return never;
  const int64_t now_ns = monotonic_ns();
  if (const int64_t due_ns = std::max(earliest_ns, next_frame_ns_); due_ns > now_ns) return due_ns;
  const Visit visit(*this);
  if (!visit.may_send()) return never;
  // Neither family waits until all of the other is said.
  ipv6_first_ = !ipv6_first_;
  if (ipv6_first_ ? ipv6_due_ns <= now_ns : ipv4_due_ns > now_ns) announce_batch(ipv6_, batch, now_ns);
  else announce_batch(ipv4_, batch, now_ns);
  return now_ns;
}

template <class Address>
void Link::announce_batch(Side<Address>& side, Batch& batch, int64_t now_ns) {
  using Frame = typename AnnouncementQueue<Address>::Frame;
  const uint32_t rate = frames_per_second_;
  std::array<Frame, batch_size> frames;
  const size_t count = side.queue.next(frames.data(), paced_batch(rate), *side.answered, now_ns);
  const Mac ours = mac();
  batch.clear();
  size_t claims = 0;
  for (size_t i = 0; i < count; i++) {
    const Frame& frame = frames[i];
    if (frame.call->saying == Saying::probe) batch.fill(write_probe(batch.room(), ours, frame.address()));
    else batch.fill(write_claim(batch.room(), ours, frame.address(), frame.which()));
  }
  size_t sent = 0;
  const int failure = batch.send(side.socket.get(), sent);
  for (size_t i = 0; i < sent; i++) claims += frames[i].call->saying == Saying::claim ? 1 : 0;
  side.counters.gratuitous_sent.add(claims);
  side.queue.advance(frames.data(), sent, now_ns);
  if (rate > 0) next_frame_ns_ = now_ns + static_cast<int64_t>(sent) * second_ns / rate;
  if (failure == 0) return;
  if (failure == ENOBUFS || failure == EAGAIN || failure == EINTR) {
    next_frame_ns_ = std::max(next_frame_ns_, now_ns + retry_ns);
    return;
  }
  // The interface is down or gone: whoever brings it back announces anew.
  side.counters.drop(Drop::sendFailed, count - sent);
  side.queue.clear();
}

template void Link::take_call(std::shared_ptr<Announcement<Ipv4>>);
template void Link::take_call(std::shared_ptr<Announcement<Ipv6>>);
template bool Link::receive<Ipv4>(Batch&, Conflicts&);
template bool Link::receive<Ipv6>(Batch&, Conflicts&);

}  // namespace herald
