#include "mld-listener.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <thread>

#include "announcements.h"

namespace herald {
namespace {

constexpr int64_t millisecond_ns = 1'000'000;
/** RFC 3810 §9.1: what changes is said twice, the second time within §9.11's second. */
constexpr int64_t unsolicited_interval_ns = 1000 * millisecond_ns;
/** RFC 3810 §9.12: twice the query interval and the longest delay. */
constexpr int64_t older_querier_ns = 260'000 * millisecond_ns;
/** More single groups asked for than this, and the answer to the next query for all has to do. */
constexpr size_t most_reports = 1024;
/** Many groups are some hundred packets: they do not leave in one go, but so many at a time. */
constexpr size_t reports_at_once = 8;
constexpr size_t version1_reports_at_once = 64;

constexpr sock_filter only_queries[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 3),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 62),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 130, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

/** Without its groups in the kernel the interface must let all of them through. What fails here is heard of by nobody's answer. */
Descriptor open_queries(int index) {
  Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sock_fprog program = {std::size(only_queries), const_cast<sock_filter*>(only_queries)};
  packet_mreq all{};
  all.mr_ifindex = index;
  all.mr_type = PACKET_MR_ALLMULTI;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETHERTYPE_IPV6);
  address.sll_ifindex = index;
  constexpr int yes = 1;
  if (setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
      setsockopt(socket.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) == 0 &&
      setsockopt(socket.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) == 0)
    (void)bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return socket;
}

/** The kernel chooses the source, a link-local address, and fills in the checksum. */
Descriptor open_reports(int index) {
  Descriptor socket(::socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6));
  const int fd = socket.get();
  icmp6_filter none;
  ICMP6_FILTER_SETBLOCKALL(&none);
  constexpr int one_hop = 1;
  constexpr int no = 0;
  // RFC 2711: Router Alert, for MLD, and two octets of padding.
  constexpr std::array<uint8_t, 8> router_alert = {0, 0, 5, 2, 0, 0, 1, 0};
  (void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &none, sizeof none);
  (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
  (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &one_hop, sizeof one_hop);
  (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &no, sizeof no);
  (void)setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, router_alert.data(), router_alert.size());
  return socket;
}

}  // namespace

MldListener::MldListener(int interface_index)
    : index_(interface_index),
      queries_(open_queries(interface_index)),
      reports_(open_reports(interface_index)),
      chance_(static_cast<uint32_t>(std::chrono::steady_clock::now().time_since_epoch().count())) {}

void MldListener::join(const Groups& groups, int64_t now_ns) {
  groups_.insert(groups.begin(), groups.end());
  say(Membership::joins, groups, now_ns);
}

void MldListener::leave(const Groups& groups, int64_t now_ns) {
  for (const uint32_t group : groups) groups_.erase(group);
  say(Membership::leaves, groups, now_ns);
}

void MldListener::repeat(int64_t now_ns) {
  if (groups_.empty() || now_ns - repeated_ns_ < unsolicited_interval_ns) return;
  repeated_ns_ = now_ns;
  due_.push_back({now_ns, Membership::joins, std::nullopt});
}

void MldListener::say(Membership membership, const Groups& groups, int64_t now_ns) {
  if (groups.empty()) return;
  due_.push_back({now_ns, membership, groups});
  due_.push_back({now_ns + within(unsolicited_interval_ns), membership, groups});
}

void MldListener::read_queries(int64_t now_ns) {
  std::array<uint8_t, 1536> frame;
  for (;;) {
    const ssize_t length = recv(queries_.get(), frame.data(), frame.size(), 0);
    if (length <= 0) return;
    if (const auto query = parse_mld_query({frame.data(), static_cast<size_t>(length)})) answer(*query, now_ns);
  }
}

/** RFC 3810 §6.2: after a delay by chance, unless all is said before that anyway. */
void MldListener::answer(const MldQuery& query, int64_t now_ns) {
  if (query.is_version1) version1_until_ns_ = now_ns + older_querier_ns;
  if (query.group && !groups_.contains(*query.group)) return;
  const int64_t due_ns = now_ns + within(int64_t{query.longest_delay_ms} * millisecond_ns);
  const bool said_before = std::ranges::any_of(
      due_, [&](const Report& report) { return !report.groups && report.membership == Membership::stays && report.due_ns <= due_ns; });
  if (said_before || due_.size() >= most_reports) return;
  if (query.group) due_.push_back({due_ns, Membership::stays, Groups{*query.group}});
  else due_.push_back({due_ns, Membership::stays, std::nullopt});
}

void MldListener::send_message(std::span<const uint8_t> message, std::optional<uint32_t> to_group) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_scope_id = static_cast<uint32_t>(index_);
  uint8_t* octets = to.sin6_addr.s6_addr;
  octets[0] = 0xff, octets[1] = 0x02, octets[15] = 0x16;  // all MLDv2-capable routers
  if (to_group && message[0] == 132) octets[15] = 2;      // RFC 2710 §3: done goes to all routers
  else if (to_group) std::copy(message.begin() + 8, message.end(), octets);
  // Lost, or without an address to come from yet: it is said twice, and again when asked.
  (void)sendto(reports_.get(), message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

void MldListener::send(const Report& report, int64_t now_ns) {
  const bool leaves = report.membership == Membership::leaves;
  Groups groups;
  if (!report.groups) groups.assign(groups_.begin(), groups_.end());
  else
    std::ranges::copy_if(*report.groups, std::back_inserter(groups), [&](uint32_t group) { return groups_.contains(group) != leaves; });
  const bool version1 = now_ns < version1_until_ns_;
  const size_t step = version1 ? 1 : most_records;
  const size_t at_once = version1 ? version1_reports_at_once : reports_at_once;
  for (size_t at = 0, packets = 1; at < groups.size(); at += step, packets++) {
    const auto some = std::span(groups).subspan(at, std::min(step, groups.size() - at));
    if (version1) send_message(mld_version1_message(report.membership, some.front()), some.front());
    else send_message(mld_report(report.membership, some), std::nullopt);
    if (packets % at_once == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

int64_t MldListener::act(int64_t now_ns) {
  read_queries(now_ns);
  std::vector<Report> later;
  int64_t next_ns = never;
  for (const Report& report : due_) {
    if (report.due_ns <= now_ns) {
      send(report, now_ns);
    } else {
      next_ns = std::min(next_ns, report.due_ns);
      later.push_back(report);
    }
  }
  due_ = std::move(later);
  return next_ns;
}

}  // namespace herald
