// The other end of the segment, and the yardstick: asks for addresses, counts announcements, floods; and what C alone can do, a
// reflector (recvmmsg, lookup, sendmmsg) and a burst. Addresses are FIRST and the COUNT-1 after it: IPv4, or the last four
// octets of 2001:db8:1::/96. Every result is one line of JSON; times are CLOCK_MONOTONIC in microseconds.
//
//   lan ask      INTERFACE arp|ndp FIRST COUNT OUTSTANDING SECONDS
//   lan reflect  INTERFACE arp|ndp FIRST COUNT                        until it is killed
//   lan burst    INTERFACE FIRST COUNT                                a gratuitous ARP request for each
//   lan count    INTERFACE FIRST COUNT SECONDS                        until each was announced
//   lan flood    INTERFACE FIRST COUNT SECONDS                        foreign ARP requests, one of ours each millisecond

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { batch = 64, frame_room = 128, most_samples = 4000000 };

static uint8_t our_mac[6];
static uint32_t first, count;
static int ndp;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static uint32_t seed = 2463534242u;
static uint32_t random_index(void) {
  seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
  return seed % count;
}

// Frames of one kind only, `ether_type` with `value` at `offset` (one octet).
static int packet_socket(const char *interface, uint16_t ether_type, unsigned offset, uint8_t value) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ether_type, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset),     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),              BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  int one = 1, room = 8 << 20;
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) die("socket");
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) die("SO_ATTACH_FILTER");
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  if (ioctl(fd, SIOCGIFHWADDR, &request) < 0) die(interface);
  memcpy(our_mac, request.ifr_hwaddr.sa_data, 6);
  struct packet_mreq all = {if_nametoindex(interface), PACKET_MR_ALLMULTI, 0, {0}};
  setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all);
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ether_type), .sll_ifindex = all.mr_ifindex};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  return fd;
}

static int socket_for(const char *interface, int answers) {
  if (ndp) return packet_socket(interface, ETHERTYPE_IPV6, 54, answers ? 136 : 135);
  return packet_socket(interface, ETHERTYPE_ARP, 21, answers ? 2 : 1);
}

static const uint8_t prefix[12] = {0x20, 0x01, 0x0d, 0xb8, 0, 1};
static const uint8_t asker[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

static uint16_t checksum(const uint8_t *frame, unsigned length) {
  uint32_t sum = length + 58;
  for (unsigned i = 22; i < 54 + length; i += 2) sum += frame[i] << 8 | frame[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(~sum);
}

static void put_address(uint8_t *to, uint32_t address) {
  memcpy(to, prefix, 12);
  address = htonl(address);
  memcpy(to + 12, &address, 4);
}

static unsigned finish_ndp(uint8_t *f, uint8_t type, uint8_t flags, uint8_t option) {
  static const uint8_t head[8] = {0x60, 0, 0, 0, 0, 32, 58, 255};
  f[12] = 0x86, f[13] = 0xdd;
  memcpy(f + 14, head, 8);
  memset(f + 54, 0, 8);
  f[54] = type, f[58] = flags, f[78] = option, f[79] = 1;
  memcpy(f + 80, our_mac, 6);
  uint16_t sum = checksum(f, 32);
  memcpy(f + 56, &sum, 2);
  return 86;
}

static unsigned arp(uint8_t *f, const uint8_t *to, uint8_t operation, uint32_t sender, const uint8_t *target_mac, uint32_t target) {
  static const uint8_t head[7] = {0x08, 0x06, 0, 1, 0x08, 0, 6};
  memcpy(f, to, 6), memcpy(f + 6, our_mac, 6), memcpy(f + 12, head, 7);
  f[19] = 4, f[20] = 0, f[21] = operation;
  memcpy(f + 22, our_mac, 6), memcpy(f + 32, target_mac, 6);
  sender = htonl(sender), target = htonl(target);
  memcpy(f + 28, &sender, 4), memcpy(f + 38, &target, 4);
  return 42;
}

static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255}, nobody[6] = {0};

static unsigned question(uint8_t *f, uint32_t address) {
  if (!ndp) return arp(f, everybody, 1, 0xac1f0002, nobody, address); // 172.31.0.2
  static const uint8_t group[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  put_address(f + 62, address);
  f[0] = 0x33, f[1] = 0x33, f[2] = 0xff, memcpy(f + 3, f + 75, 3), memcpy(f + 6, our_mac, 6);
  memcpy(f + 22, asker, 16), memcpy(f + 38, group, 13), memcpy(f + 51, f + 75, 3);
  return finish_ndp(f, 135, 0, 1);
}

// Of the address that a frame asks for or tells of: where it stands in the range, or -1.
static int64_t index_of(const uint8_t *f, int length, unsigned arp_at) {
  uint32_t address;
  if (length < (ndp ? 78 : 42)) return -1;
  memcpy(&address, f + (ndp ? 74 : arp_at), 4);
  if (ndp && memcmp(f + 62, prefix, 12) != 0) return -1;
  address = ntohl(address) - first;
  return address < count ? (int64_t)address : -1;
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void ask(const char *interface, unsigned outstanding, double seconds) {
  int fd = socket_for(interface, 1);
  float *samples = malloc(most_samples * sizeof *samples);
  double *asked = calloc(count, sizeof *asked); // when, 0: not
  uint8_t f[frame_room], in[frame_room];
  uint32_t *window = calloc(outstanding, sizeof *window);
  unsigned taken = 0, waiting = 0;
  uint64_t lost = 0;
  double began = now_us(), swept = began, end = began + seconds * 1e6;
  for (double now = began; now < end; now = now_us()) {
    while (waiting < outstanding) {
      uint32_t index = random_index();
      if (asked[index] != 0) {
        if (count <= outstanding) break;
        continue;
      }
      unsigned length = question(f, first + index);
      asked[index] = now_us();
      window[waiting++] = index;
      if (send(fd, f, length, 0) < 0 && errno != ENOBUFS) die("send");
    }
    for (int length; (length = recv(fd, in, sizeof in, MSG_DONTWAIT)) > 0;) {
      int64_t index = index_of(in, length, 28);
      if (index < 0 || asked[index] == 0) continue;
      if (taken < most_samples) samples[taken++] = now_us() - asked[index];
      asked[index] = 0;
      for (unsigned i = 0; i < waiting; i++)
        if (window[i] == index) {
          window[i] = window[--waiting];
          break;
        }
      if (outstanding == 1) break;
    }
    if (now - swept < 10000) continue;
    swept = now;
    for (unsigned i = waiting; i-- > 0;)
      if (now - asked[window[i]] > 50000) asked[window[i]] = 0, window[i] = window[--waiting], lost++;
  }
  double took = now_us() - began;
  qsort(samples, taken, sizeof *samples, ascending);
#define at(q) (taken == 0 ? -1 : samples[(unsigned)((taken - 1) * (q))])
  printf("{\"p50\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"max\":%.1f,\"replies\":%u,\"perSecond\":%.0f,\"lost\":%lu}\n", at(.5), at(.99),
         at(.999), at(1), taken, taken / took * 1e6, lost);
}

// A table of the same kind as the one it is the measure of.
static uint32_t *slots, mask;
static uint32_t slot(uint32_t address) { return (address * 0x9e3779b1u) >> 7 & mask; }
static int known(uint32_t address) {
  for (uint32_t at = slot(address); slots[at]; at = (at + 1) & mask)
    if (slots[at] == address) return 1;
  return 0;
}

static void reflect(const char *interface) {
  static uint8_t in[batch][2048], out[batch][frame_room];
  struct mmsghdr ins[batch] = {0}, outs[batch] = {0};
  struct iovec in_vectors[batch], out_vectors[batch];
  int fd = socket_for(interface, 0);
  for (mask = 8; mask < count * 2; mask *= 2)
    ;
  slots = calloc(mask--, sizeof *slots);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = slot(first + i);
    while (slots[at]) at = (at + 1) & mask;
    slots[at] = first + i;
  }
  for (int i = 0; i < batch; i++) {
    in_vectors[i] = (struct iovec){in[i], sizeof in[i]}, out_vectors[i] = (struct iovec){out[i], 0};
    ins[i].msg_hdr.msg_iov = &in_vectors[i], outs[i].msg_hdr.msg_iov = &out_vectors[i];
    ins[i].msg_hdr.msg_iovlen = outs[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    int received = recvmmsg(fd, ins, batch, MSG_WAITFORONE, NULL), filled = 0;
    if (received < 0) die("recvmmsg");
    for (int i = 0; i < received; i++) {
      uint32_t address;
      const uint8_t *f = in[i];
      memcpy(&address, f + (ndp ? 74 : 38), 4);
      if (!known(ntohl(address))) continue;
      uint8_t *reply = out[filled];
      if (ndp) {
        memcpy(reply, f + 6, 6), memcpy(reply + 6, our_mac, 6);
        memcpy(reply + 22, f + 62, 16), memcpy(reply + 38, f + 22, 16), memcpy(reply + 62, f + 62, 16);
        out_vectors[filled++].iov_len = finish_ndp(reply, 136, 0x60, 2);
      } else {
        uint32_t sender;
        memcpy(&sender, f + 28, 4);
        out_vectors[filled++].iov_len = arp(reply, f + 22, 2, ntohl(address), f + 22, ntohl(sender));
      }
    }
    for (int sent = 0; sent < filled;) {
      int more = sendmmsg(fd, outs + sent, filled - sent, 0);
      if (more < 0) break;
      sent += more;
    }
  }
}

static void burst(const char *interface) {
  static uint8_t out[batch][frame_room];
  struct mmsghdr outs[batch] = {0};
  struct iovec vectors[batch];
  int fd = socket_for(interface, 0);
  double began = now_us();
  for (uint32_t done = 0; done < count;) {
    int filled = 0;
    for (; filled < batch && done + filled < count; filled++) {
      uint32_t address = first + done + filled;
      vectors[filled] = (struct iovec){out[filled], arp(out[filled], everybody, 1, address, nobody, address)};
      outs[filled].msg_hdr.msg_iov = &vectors[filled], outs[filled].msg_hdr.msg_iovlen = 1;
    }
    int sent = sendmmsg(fd, outs, filled, 0);
    if (sent > 0) done += sent;
    else if (errno != ENOBUFS && errno != EAGAIN) die("sendmmsg");
  }
  printf("{\"began\":%.1f,\"ended\":%.1f}\n", began, now_us());
}

static void count_announcements(const char *interface, double seconds) {
  static uint8_t in[batch][frame_room];
  struct mmsghdr ins[batch] = {0};
  struct iovec vectors[batch];
  int fd = packet_socket(interface, ETHERTYPE_ARP, 18, 6); // both operations
  uint8_t *seen = calloc(count, 1);
  uint32_t found = 0;
  uint64_t frames = 0;
  double began = 0, ended = 0, give_up = now_us() + seconds * 1e6;
  for (int i = 0; i < batch; i++) {
    vectors[i] = (struct iovec){in[i], sizeof in[i]};
    ins[i].msg_hdr.msg_iov = &vectors[i], ins[i].msg_hdr.msg_iovlen = 1;
  }
  printf("ready\n"), fflush(stdout);
  struct pollfd waiting = {fd, POLLIN, 0};
  while (found < count && now_us() < give_up) {
    if (poll(&waiting, 1, 100) == 0) continue;
    int received = recvmmsg(fd, ins, batch, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++, frames++) {
      int64_t index = index_of(in[i], ins[i].msg_len, 28);
      if (index < 0 || memcmp(in[i] + 28, in[i] + 38, 4) != 0 || seen[index]) continue;
      if (found++ == 0) began = now_us();
      seen[index] = 1, ended = now_us();
    }
  }
  printf("{\"began\":%.1f,\"ended\":%.1f,\"found\":%u,\"frames\":%lu}\n", began, ended, found, frames);
}

static void flood(const char *interface, double seconds) {
  static uint8_t out[batch][frame_room];
  struct mmsghdr outs[batch] = {0};
  struct iovec vectors[batch];
  uint8_t in[frame_room];
  int fd = socket_for(interface, 1);
  for (int i = 0; i < batch; i++) {
    vectors[i] = (struct iovec){out[i], 0};
    outs[i].msg_hdr.msg_iov = &vectors[i], outs[i].msg_hdr.msg_iovlen = 1;
  }
  uint64_t foreign = 0, asked = 0, answered = 0;
  double began = now_us(), end = began + seconds * 1e6, next = began;
  for (double now = began; now < end; now = now_us()) {
    for (int i = 0; i < batch; i++) vectors[i].iov_len = question(out[i], 0xc0000000u + (uint32_t)(foreign + i) % 65536);
    int ours = now >= next;
    if (ours) vectors[0].iov_len = question(out[0], first + random_index()), next += 1000, asked++;
    int sent = sendmmsg(fd, outs, batch, 0);
    if (sent > 0) foreign += sent - ours;
    while (recv(fd, in, sizeof in, MSG_DONTWAIT) > 0) answered++;
  }
  double took = now_us() - began;
  usleep(200000);
  while (recv(fd, in, sizeof in, MSG_DONTWAIT) > 0) answered++;
  printf("{\"perSecond\":%.0f,\"foreign\":%lu,\"asked\":%lu,\"answered\":%lu}\n", foreign / took * 1e6, foreign, asked, answered);
}

int main(int argc, char **argv) {
  if (argc < 5) return 64;
  const char *mode = argv[1], *interface = argv[2];
  int with_protocol = strcmp(mode, "ask") == 0 || strcmp(mode, "reflect") == 0;
  char **words = argv + 3;
  if (with_protocol) ndp = strcmp(*words++, "ndp") == 0;
  first = strtoul(words[0], NULL, 0), count = strtoul(words[1], NULL, 0);
  if (strcmp(mode, "ask") == 0 && argc == 8) ask(interface, atoi(words[2]), atof(words[3]));
  else if (strcmp(mode, "reflect") == 0) reflect(interface);
  else if (strcmp(mode, "burst") == 0) burst(interface);
  else if (strcmp(mode, "count") == 0 && argc == 6) count_announcements(interface, atof(words[2]));
  else if (strcmp(mode, "flood") == 0 && argc == 6) flood(interface, atof(words[2]));
  else return 64;
  return 0;
}
