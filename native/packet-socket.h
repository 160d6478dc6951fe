// A packet socket on one interface that hears ARP, or neighbour discovery, and nothing else. CAP_NET_RAW is all it needs.
//
//   protocol 0, filter, bind       packet(7)      in this order nothing comes in unfiltered
//   SO_ATTACH_FILTER               socket(7)      so that other IPv6 wakes nobody; what is said in the message is judged by packet.cc
//   PACKET_IGNORE_OUTGOING         packet(7)      since Linux 4.20; our own frames are none of our business
//   SO_RCVBUF(FORCE)               socket(7)      bursts of questions: beyond net.core.rmem_max with CAP_NET_ADMIN only
//   SO_PRIORITY                    socket(7)      TC_PRIO_CONTROL, as the kernel's own ARP and neighbour discovery
//   PACKET_STATISTICS              packet(7)      what came while the buffer was full; reading it resets it
#pragma once

#include <cstdint>

#include "descriptor.h"

namespace herald {

enum class Hears : uint8_t { arp, neighbourDiscovery };

/** Non-blocking, bound to the interface. Throws an Error with `code` and `syscall`. */
Descriptor open_packet_socket(Napi::Env env, int interface_index, Hears hears);

/** Frames that the kernel dropped since the last call because nobody had read the ones before. */
uint32_t take_overflow(int socket);

/** 0 while frames can be sent and received; else the errno that says why not (ENODEV: for good; ENETDOWN). */
int problem_of(int socket);

}  // namespace herald
