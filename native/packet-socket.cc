#include "packet-socket.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <span>

namespace herald {
namespace {

constexpr int receive_buffer = 8 << 20;
constexpr int send_buffer = 4 << 20;

constexpr sock_filter only_arp[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

/** ICMPv6 right after the IPv6 header (RFC 6980 forbids fragments), of type 135 or 136. */
constexpr sock_filter only_neighbour_discovery[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IPV6, 0, 6),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

void set_option(Napi::Env env, int fd, int level, int option, int value, const char* syscall) {
  checked(env, syscall, setsockopt(fd, level, option, &value, sizeof value));
}

/** Where it may not be had, the kernel's default serves as well. */
void ask_for(int fd, int level, int option, int value) { (void)setsockopt(fd, level, option, &value, sizeof value); }

void attach_filter(Napi::Env env, int fd, std::span<const sock_filter> code) {
  const sock_fprog program = {static_cast<unsigned short>(code.size()), const_cast<sock_filter*>(code.data())};
  checked(env, "setsockopt SO_ATTACH_FILTER", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

}  // namespace

Descriptor open_packet_socket(Napi::Env env, int interface_index, Hears hears) {
  Descriptor socket(checked(env, "socket AF_PACKET", ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
  const int fd = socket.get();
  const bool arp = hears == Hears::arp;
  if (arp) attach_filter(env, fd, only_arp);
  else attach_filter(env, fd, only_neighbour_discovery);
  set_option(env, fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "setsockopt PACKET_IGNORE_OUTGOING");
  ask_for(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  ask_for(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer);
  ask_for(fd, SOL_SOCKET, SO_SNDBUF, send_buffer);
  ask_for(fd, SOL_SOCKET, SO_PRIORITY, TC_PRIO_CONTROL);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(arp ? ETHERTYPE_ARP : ETHERTYPE_IPV6);
  address.sll_ifindex = interface_index;
  checked(env, "bind", bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
  return socket;
}

uint32_t take_overflow(int socket) {
  tpacket_stats statistics{};
  socklen_t length = sizeof statistics;
  if (getsockopt(socket, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) < 0) return 0;
  return statistics.tp_drops;
}

int problem_of(int socket) {
  sockaddr_ll address{};
  socklen_t length = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) < 0) return errno;
  // The kernel unbinds from an interface that is gone, and does not bind again to one of the same name or number.
  if (address.sll_ifindex <= 0) return ENODEV;
  ifreq request{};
  request.ifr_ifindex = address.sll_ifindex;
  if (ioctl(socket, SIOCGIFNAME, &request) < 0 || ioctl(socket, SIOCGIFFLAGS, &request) < 0) return errno;
  return (request.ifr_flags & IFF_UP) != 0 ? 0 : ENETDOWN;
}

}  // namespace herald
