// The few BGP messages both ends of the bench need: octets in, octets out, nothing kept. RFC 4271 §4.

#ifndef BENCH_BGP_H
#define BENCH_BGP_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HEADER_SIZE = 19, MESSAGE_SIZE = 4096 };
enum { OPEN = 1, UPDATE = 2, NOTIFICATION = 3, KEEPALIVE = 4 };

/** The table is 10.0.0.0/32 and up, single changes are 10.16.0.0/32 and up; 2001:db8::/128 and up in IPv6. */
enum { SPACE = 1 << 21 };

/** CLOCK_MONOTONIC, the clock of process.hrtime in Node. */
static inline double nowMs(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static inline unsigned get16(const uint8_t *p) { return p[0] << 8 | p[1]; }
static inline uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }
static inline uint8_t *put16(uint8_t *p, unsigned v) { p[0] = v >> 8; p[1] = v; return p + 2; }
static inline uint8_t *put32(uint8_t *p, uint32_t v) { return put16(put16(p, v >> 16), v & 0xffff); }

/** Writes the header in front of a body that ends at `end`; returns the length of the whole. */
static inline int seal(uint8_t *message, const uint8_t *end, int type) {
  memset(message, 0xff, 16);
  put16(message + 16, end - message);
  message[18] = type;
  return end - message;
}

static inline int encodeKeepalive(uint8_t *message) { return seal(message, message + HEADER_SIZE, KEEPALIVE); }

/** Capabilities: IPv4 unicast, IPv6 unicast when asked for, four-octet AS numbers (RFC 4760, RFC 6793). */
static inline int encodeOpen(uint8_t *message, uint32_t asn, int holdSeconds, uint32_t routerId, int ipv6) {
  uint8_t *p = message + HEADER_SIZE;
  *p++ = 4;
  p = put16(p, asn > 0xffff ? 23456 : asn);
  p = put16(p, holdSeconds);
  p = put32(p, routerId);
  uint8_t *parameters = p++;
  uint8_t *capabilities = p;
  p += 2;
  for (int afi = 1; afi <= (ipv6 ? 2 : 1); afi++) {
    *p++ = 1; *p++ = 4;
    p = put16(p, afi);
    p = put16(p, 1);
  }
  *p++ = 65; *p++ = 4;
  p = put32(p, asn);
  capabilities[0] = 2;
  capabilities[1] = p - capabilities - 2;
  *parameters = p - parameters - 1;
  return seal(message, p, OPEN);
}

static inline int encodeNotification(uint8_t *message, int code, int subcode) {
  message[HEADER_SIZE] = code;
  message[HEADER_SIZE + 1] = subcode;
  return seal(message, message + HEADER_SIZE + 2, NOTIFICATION);
}

#endif
