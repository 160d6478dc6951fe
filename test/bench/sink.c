// The receiving end of the bench: one process that is K BGP peers, each on an address of its own. It dials the daemon until
// it answers, counts which prefixes stand announced (exactly: a bitmap per peer), and stamps what happens with CLOCK_MONOTONIC.
// One command a line on standard input, one line of JSON back. `sink blast` is the stand-in for a daemon (blast.c), `sink launch`
// stamps the moment before it becomes another program.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bgp.h"

int blast(char **words);

enum { REDIAL_MS = 5, BUFFER_SIZE = 256 * 1024, FAMILIES = 2 };
enum State { IDLE, CONNECTING, OPEN_SENT, OPEN_CONFIRM, UP };

struct Sink {
  enum State state;
  int fd;
  bool reading;
  struct in_addr local;
  double redialAt, keepaliveAt, upAt, changedAt, watchedAt, heardAt;
  /** Since `mark`: octets aside, everything counts NLRI or messages. */
  double longestSilence;
  uint64_t announced, withdrawn, repeated, foreign, updates, octets;
  int drops, expired, notification, refusals;
  /** Standing announcements, all families. */
  uint32_t count;
  int holdSeconds;
  int filled;
  uint8_t buffer[BUFFER_SIZE];
  uint64_t standing[FAMILIES][SPACE / 64];
};

static struct Sink *sinks;
static int sinkCount, epollFd, proposedHoldSeconds = 240;
static bool ipv6;
static uint32_t asn = 64501;
static struct sockaddr_in daemonAddress;

static enum { NOTHING, ALL_UP, COUNT, WATCHED, ANNOUNCED } waitFor;
static uint64_t waitValue;
static double waitUntil;
/** Family and index of the watched prefix. */
static int watchedFamily;
static int64_t watched = -1;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void say(const char *format, ...) {
  va_list words;
  va_start(words, format);
  vprintf(format, words);
  va_end(words);
  putchar('\n');
  fflush(stdout);
}

static double later(double a, double b) { return a > b ? a : b; }

// ---- one session

static void hangUp(struct Sink *sink, double now) {
  close(sink->fd);
  sink->fd = -1;
  if (sink->state == UP) sink->drops++;
  else sink->refusals++;
  sink->state = IDLE;
  sink->redialAt = now + REDIAL_MS;
  sink->filled = 0;
  sink->count = 0;
  memset(sink->standing, 0, sizeof sink->standing);
}

static void transmit(struct Sink *sink, const uint8_t *octets, int length) {
  if (send(sink->fd, octets, length, MSG_NOSIGNAL) != length && errno != EAGAIN) errno = 0;  // The read will tell.
}

static void giveUp(struct Sink *sink, int code, int subcode, double now) {
  uint8_t message[64];
  transmit(sink, message, encodeNotification(message, code, subcode));
  hangUp(sink, now);
}

static void dial(struct Sink *sink, double now) {
  sink->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (sink->fd < 0) fail("socket");
  int one = 1;
  setsockopt(sink->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = sink->local};
  setsockopt(sink->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(sink->fd, (struct sockaddr *)&local, sizeof local)) fail("bind");
  sink->state = CONNECTING;
  if (connect(sink->fd, (struct sockaddr *)&daemonAddress, sizeof daemonAddress) && errno != EINPROGRESS) {
    hangUp(sink, now);
    return;
  }
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = sink};
  if (epoll_ctl(epollFd, EPOLL_CTL_ADD, sink->fd, &event)) fail("epoll_ctl");
}

static void listenTo(struct Sink *sink, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = sink};
  if (epoll_ctl(epollFd, EPOLL_CTL_MOD, sink->fd, &event)) fail("epoll_ctl");
}

static void connected(struct Sink *sink, double now) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(sink->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    hangUp(sink, now);
    return;
  }
  uint8_t message[64];
  sink->state = OPEN_SENT;
  listenTo(sink, EPOLLIN);
  transmit(sink, message, encodeOpen(message, asn, proposedHoldSeconds, ntohl(sink->local.s_addr), ipv6));
}

static void note(struct Sink *sink, int family, int64_t index, bool announced) {
  if (index < 0 || index >= SPACE) {
    sink->foreign++;
    return;
  }
  uint64_t *word = &sink->standing[family][index >> 6], bit = 1ull << (index & 63);
  bool stood = *word & bit;
  if (announced) {
    sink->announced++;
    sink->repeated += stood;
    sink->count += !stood;
    *word |= bit;
  } else {
    sink->withdrawn++;
    sink->count -= stood;
    *word &= ~bit;
  }
  if (index == watched && family == watchedFamily && announced && !sink->watchedAt) sink->watchedAt = nowMs();
}

static int64_t indexOf(int family, const uint8_t *address, int length) {
  static const uint8_t network[12] = {0x20, 0x01, 0x0d, 0xb8};
  if (family == 0) return length == 32 && address[0] == 10 ? (int64_t)(get32(address) & 0xffffff) : -1;
  return length == 128 && !memcmp(address, network, sizeof network) ? (int64_t)get32(address + 12) : -1;
}

static void noteAll(struct Sink *sink, int family, const uint8_t *p, const uint8_t *end, bool announced) {
  while (p < end) {
    int length = *p++, octets = (length + 7) / 8;
    if (octets > end - p) {
      sink->foreign++;
      return;
    }
    note(sink, family, indexOf(family, p, length), announced);
    p += octets;
  }
}

static void received(struct Sink *sink, const uint8_t *message, int size) {
  const uint8_t *p = message + HEADER_SIZE, *end = message + size;
  const uint8_t *withdrawn = p + 2;
  p = withdrawn + get16(p);
  const uint8_t *attributes = p + 2;
  const uint8_t *nlri = attributes + get16(p);
  if (withdrawn > end || attributes > end || nlri > end) {
    sink->foreign++;
    return;
  }
  sink->updates++;
  noteAll(sink, 0, withdrawn, p, false);
  for (p = attributes; p + 3 <= nlri;) {
    bool extended = *p & 0x10;
    int type = p[1], length = extended ? get16(p + 2) : p[2];
    p += extended ? 4 : 3;
    if (length > nlri - p) break;
    int family = length >= 3 && get16(p) == 2 ? 1 : 0;
    if (type == 14 && length >= 5) noteAll(sink, family, p + 5 + p[3], p + length, true);
    if (type == 15 && length >= 3) noteAll(sink, family, p + 3, p + length, false);
    p += length;
  }
  noteAll(sink, 0, nlri, end, true);
}

/** False: the session is gone. */
static bool handle(struct Sink *sink, const uint8_t *message, int size, double now) {
  uint8_t answer[64];
  switch (message[18]) {
    case OPEN: {
      int theirs = get16(message + HEADER_SIZE + 3);
      sink->holdSeconds = theirs < proposedHoldSeconds ? theirs : proposedHoldSeconds;
      transmit(sink, answer, encodeKeepalive(answer));
      sink->keepaliveAt = now + sink->holdSeconds * 1e3 / 3;
      sink->state = OPEN_CONFIRM;
      return true;
    }
    case KEEPALIVE:
      if (sink->state != OPEN_CONFIRM) return true;
      sink->state = UP;
      sink->upAt = sink->changedAt = nowMs();
      return true;
    case UPDATE:
      received(sink, message, size);
      return true;
    default:
      if (message[18] == NOTIFICATION) sink->notification = get16(message + HEADER_SIZE);
      hangUp(sink, now);
      return false;
  }
}

static void readable(struct Sink *sink) {
  ssize_t got = recv(sink->fd, sink->buffer + sink->filled, BUFFER_SIZE - sink->filled, 0);
  double now = nowMs();
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) hangUp(sink, now);
    return;
  }
  if (sink->state == UP) sink->longestSilence = later(sink->longestSilence, now - sink->heardAt);
  sink->heardAt = now;
  sink->octets += got;
  sink->filled += got;
  uint8_t *p = sink->buffer, *end = p + sink->filled;
  uint64_t before = sink->announced + sink->withdrawn;
  while (end - p >= HEADER_SIZE) {
    int size = get16(p + 16);
    if (size < HEADER_SIZE) {
      giveUp(sink, 1, 2, now);
      return;
    }
    if (end - p < size) break;
    if (!handle(sink, p, size, now)) return;
    p += size;
  }
  sink->filled = end - p;
  memmove(sink->buffer, p, sink->filled);
  if (sink->announced + sink->withdrawn != before) sink->changedAt = nowMs();
}

/** What is due on this session; returns when it wants to be asked again. */
static double tend(struct Sink *sink, double now) {
  uint8_t message[64];
  if (sink->state == IDLE && now >= sink->redialAt) dial(sink, now);
  if (sink->state == IDLE) return sink->redialAt;
  if (sink->state < OPEN_CONFIRM || sink->holdSeconds == 0) return 1e300;
  if (now >= sink->keepaliveAt) {
    transmit(sink, message, encodeKeepalive(message));
    sink->keepaliveAt = now + sink->holdSeconds * 1e3 / 3;
  }
  if (sink->reading && now - sink->heardAt > sink->holdSeconds * 1e3) {
    sink->expired++;
    giveUp(sink, 4, 0, now);
  }
  return sink->keepaliveAt;
}

// ---- the conversation with the bench

/** When the awaited thing became true for the last sink; 0: not yet. Sinks that do not read are not waited for. */
static double fulfilledAt(void) {
  double at = 0;
  for (struct Sink *sink = sinks; sink < sinks + sinkCount; sink++) {
    if (!sink->reading) continue;
    if (sink->state != UP) return 0;
    if (waitFor == COUNT && sink->count != waitValue) return 0;
    if (waitFor == ANNOUNCED && sink->announced < waitValue) return 0;
    if (waitFor == WATCHED && !sink->watchedAt) return 0;
    at = later(at, waitFor == WATCHED ? sink->watchedAt : waitFor == ALL_UP ? sink->upAt : sink->changedAt);
  }
  return at;
}

static void answerWait(double now) {
  if (waitFor == NOTHING) return;
  double at = fulfilledAt();
  if (!at && now < waitUntil) return;
  double upAt = 0;
  for (int i = 0; i < sinkCount; i++) upAt = later(upAt, sinks[i].upAt);
  say("{\"ok\":%s,\"at\":%.4f,\"upAt\":%.4f}", at ? "true" : "false", at, upAt);
  waitFor = NOTHING;
}

static void sayStats(void) {
  printf("[");
  for (struct Sink *sink = sinks; sink < sinks + sinkCount; sink++)
    printf("%s{\"state\":%d,\"up\":%s,\"upAt\":%.4f,\"changedAt\":%.4f,\"count\":%u,\"announced\":%lu,\"withdrawn\":%lu,\"repeated\":%lu,"
           "\"foreign\":%lu,\"updates\":%lu,\"octets\":%lu,\"drops\":%d,\"expired\":%d,\"notification\":%d,\"refusals\":%d,"
           "\"holdSeconds\":%d,\"longestSilenceMs\":%.1f}",
           sink > sinks ? "," : "", sink->state, sink->state == UP ? "true" : "false", sink->upAt, sink->changedAt, sink->count,
           sink->announced, sink->withdrawn, sink->repeated, sink->foreign, sink->updates, sink->octets, sink->drops,
           sink->expired, sink->notification, sink->refusals, sink->holdSeconds, sink->longestSilence);
  say("]");
}

static void mark(void) {
  for (struct Sink *sink = sinks; sink < sinks + sinkCount; sink++) {
    sink->announced = sink->withdrawn = sink->repeated = sink->foreign = sink->updates = sink->octets = 0;
    sink->drops = sink->expired = sink->notification = sink->refusals = 0;
    sink->longestSilence = 0;
  }
}

static bool watch(const char *text) {
  uint8_t address[16];
  watchedFamily = strchr(text, ':') ? 1 : 0;
  if (inet_pton(watchedFamily ? AF_INET6 : AF_INET, text, address) != 1) return false;
  watched = indexOf(watchedFamily, address, watchedFamily ? 128 : 32);
  if (watched < 0 || watched >= SPACE) return false;
  for (struct Sink *sink = sinks; sink < sinks + sinkCount; sink++) sink->watchedAt = 0;
  return true;
}

static void startWait(int what, uint64_t value, double timeoutMs) {
  waitFor = what;
  waitValue = value;
  waitUntil = nowMs() + timeoutMs;
}

static void obey(const char *line) {
  char word[32] = "", text[64] = "";
  uint64_t number = 0;
  double timeoutMs = 60000;
  sscanf(line, "%31s %63s %lf", word, text, &timeoutMs);
  number = strtoull(text, 0, 10);
  struct Sink *sink = &sinks[number < (uint64_t)sinkCount ? number : 0];
  if (!strcmp(word, "wait-count")) return startWait(COUNT, number, timeoutMs);
  if (!strcmp(word, "wait-announced")) return startWait(ANNOUNCED, number, timeoutMs);
  if (!strcmp(word, "wait-watched")) return startWait(WATCHED, 0, strtod(text, 0));
  if (!strcmp(word, "wait-up")) return startWait(ALL_UP, 0, strtod(text, 0));
  if (!strcmp(word, "stats")) return sayStats();
  if (!strcmp(word, "quit")) exit(0);
  bool ok = true;
  if (!strcmp(word, "watch")) ok = watch(text);
  else if (!strcmp(word, "mark")) mark();
  else if (!strcmp(word, "reconnect")) giveUp(sink, 6, 4, nowMs() - REDIAL_MS);
  else if (!strcmp(word, "stop-reading")) { sink->reading = false; listenTo(sink, 0); }
  else if (!strcmp(word, "resume")) { sink->reading = true; sink->heardAt = nowMs(); listenTo(sink, EPOLLIN); }
  else ok = false;
  say("{\"ok\":%s}", ok ? "true" : "false");
}

static void readCommands(void) {
  static char input[4096];
  static int filled;
  ssize_t got = read(0, input + filled, sizeof input - 1 - filled);
  if (got <= 0) exit(0);
  filled += got;
  input[filled] = 0;
  char *line = input, *end;
  while ((end = strchr(line, '\n'))) {
    *end = 0;
    obey(line);
    line = end + 1;
  }
  filled = input + filled - line;
  memmove(input, line, filled);
}

/** `launch FILE PROGRAM …`: writes the time to FILE and becomes PROGRAM. */
static int launch(char **words) {
  int fd = open(words[0], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) fail(words[0]);
  dprintf(fd, "%.4f\n", nowMs());
  close(fd);
  execvp(words[1], words + 1);
  fail(words[1]);
  return 1;
}

/** `sink PEER PORT FIRST-LOCAL COUNT HOLD [6]` */
int main(int count, char **words) {
  if (count > 3 && !strcmp(words[1], "launch")) return launch(words + 2);
  if (count > 5 && !strcmp(words[1], "blast")) return blast(words + 2);
  if (count < 6) return 64;
  daemonAddress.sin_family = AF_INET;
  daemonAddress.sin_port = htons(atoi(words[2]));
  inet_pton(AF_INET, words[1], &daemonAddress.sin_addr);
  struct in_addr first;
  inet_pton(AF_INET, words[3], &first);
  sinkCount = atoi(words[4]);
  proposedHoldSeconds = atoi(words[5]);
  ipv6 = count > 6;
  sinks = calloc(sinkCount, sizeof *sinks);
  epollFd = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event input = {.events = EPOLLIN};
  epoll_ctl(epollFd, EPOLL_CTL_ADD, 0, &input);
  for (int i = 0; i < sinkCount; i++) {
    sinks[i].fd = -1;
    sinks[i].reading = true;
    sinks[i].local.s_addr = htonl(ntohl(first.s_addr) + i);
    // Touched now, so that no page fault is measured later.
    memset(sinks[i].standing, 0, sizeof sinks[i].standing);
    memset(sinks[i].buffer, 0, sizeof sinks[i].buffer);
  }
  for (;;) {
    double now = nowMs(), next = waitFor == NOTHING ? 1e300 : waitUntil;
    for (int i = 0; i < sinkCount; i++) {
      double due = tend(&sinks[i], now);
      if (due < next) next = due;
    }
    answerWait(now);
    struct epoll_event events[128];
    int timeoutMs = next > now + 60000 ? 60000 : next <= now ? 0 : (int)(next - now) + 1;
    int ready = epoll_wait(epollFd, events, 128, timeoutMs);
    for (int i = 0; i < ready; i++) {
      struct Sink *sink = events[i].data.ptr;
      if (!sink) readCommands();
      else if (sink->fd < 0) continue;
      else if (sink->state == CONNECTING) connected(sink, nowMs());
      else if (sink->reading) readable(sink);
      else hangUp(sink, nowMs());
    }
  }
}
