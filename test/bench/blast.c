// The physical limit: a stand-in for a daemon that does nothing but write UPDATEs encoded beforehand. Listens, opens every
// session that comes, writes the table when the peer's KEEPALIVE arrives. `announce ADDRESS` and `withdraw-all` on a Unix socket of its own.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bgp.h"

enum { SESSIONS = 128, ASN = 64500 };

struct Blob {
  uint8_t *octets;
  size_t length;
};

struct Session {
  int fd, filled;
  const struct Blob *sending;
  size_t sent;
  uint8_t buffer[MESSAGE_SIZE];
};

static struct Session sessions[SESSIONS];
static struct Blob table, withdrawal;
static uint32_t localAddress;
static int epollFd;

static uint8_t *putAttributes(uint8_t *p) {
  uint8_t *length = p;
  p += 2;
  memcpy(p, "\x40\x01\x01\x00\x40\x02\x06\x02\x01", 9);  // ORIGIN IGP; AS_PATH of one
  p = put32(p + 9, ASN);
  memcpy(p, "\x40\x03\x04", 3);
  p = put32(p + 3, localAddress);
  put16(length, p - length - 2);
  return p;
}

/** Announces, or withdraws, `count` addresses from `first` on. */
static struct Blob encode(uint32_t first, uint32_t count, int announce) {
  struct Blob blob = {malloc(64 + (size_t)count * 6), 0};
  for (uint32_t i = 0; i < count;) {
    uint8_t *message = blob.octets + blob.length, *withdrawn = message + HEADER_SIZE, *p = withdrawn + 2;
    if (announce) {
      put16(withdrawn, 0);
      p = putAttributes(p);
    }
    for (int room = message + MESSAGE_SIZE - 2 - p; i < count && room >= 5; room -= 5, i++) {
      *p++ = 32;
      p = put32(p, first + i);
    }
    if (!announce) {
      put16(withdrawn, p - withdrawn - 2);
      p = put16(p, 0);
    }
    blob.length += seal(message, p, UPDATE);
  }
  return blob;
}

static void watchFor(struct Session *session, int operation, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = session};
  epoll_ctl(epollFd, operation, session->fd, &event);
}

static void leave(struct Session *session) {
  close(session->fd);
  session->fd = -1;
}

static void pump(struct Session *session) {
  const struct Blob *blob = session->sending;
  while (blob && session->sent < blob->length) {
    ssize_t sent = send(session->fd, blob->octets + session->sent, blob->length - session->sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return watchFor(session, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    if (sent < 0) return leave(session);
    session->sent += sent;
  }
  session->sending = 0;
  watchFor(session, EPOLL_CTL_MOD, EPOLLIN);
}

static void start(struct Session *session, const struct Blob *blob) {
  session->sending = blob;
  session->sent = 0;
  pump(session);
}

static void readable(struct Session *session) {
  ssize_t got = recv(session->fd, session->buffer + session->filled, sizeof session->buffer - session->filled, 0);
  if (got <= 0) return leave(session);
  session->filled += got;
  uint8_t *p = session->buffer, *end = p + session->filled;
  while (end - p >= HEADER_SIZE && end - p >= get16(p + 16)) {
    uint8_t answer[256];
    if (p[18] == OPEN) {
      int length = encodeOpen(answer, ASN, 240, localAddress, 0);
      length += encodeKeepalive(answer + length);
      send(session->fd, answer, length, MSG_NOSIGNAL);
    }
    if (p[18] == KEEPALIVE) start(session, &table);
    if (p[18] == NOTIFICATION) return leave(session);
    p += get16(p + 16);
  }
  session->filled = end - p;
  memmove(session->buffer, p, session->filled);
}

static void accepted(int listener) {
  for (int fd; (fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0;) {
    struct Session *session = sessions;
    while (session < sessions + SESSIONS && session->fd >= 0) session++;
    if (session == sessions + SESSIONS) exit(1);
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    memset(session, 0, sizeof *session);
    session->fd = fd;
    watchFor(session, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static void obey(int control) {
  char line[256];
  ssize_t got = read(control, line, sizeof line - 1);
  if (got <= 0) exit(0);
  line[got] = 0;
  struct in_addr address;
  struct Blob change = {0};
  char *text = strchr(line, ' ');
  if (text && inet_pton(AF_INET, strtok(text, " \n"), &address) == 1) change = encode(ntohl(address.s_addr), 1, 1);
  for (struct Session *session = sessions; session < sessions + SESSIONS; session++) {
    if (session->fd < 0) continue;
    if (change.octets) send(session->fd, change.octets, change.length, MSG_NOSIGNAL);
    else start(session, &withdrawal);
  }
  free(change.octets);
  if (write(control, "ok\n", 3) != 3) exit(1);
}

static int listenAt(int family, const void *address, socklen_t size) {
  int listener = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, address, size) || listen(listener, 1024)) exit(1);
  return listener;
}

/** `blast ADDRESS PORT ROUTES CONTROL-SOCKET` */
int blast(char **words) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  struct sockaddr_un path = {.sun_family = AF_UNIX};
  inet_pton(AF_INET, words[0], &address.sin_addr);
  localAddress = ntohl(address.sin_addr.s_addr);
  table = encode(0x0a000000, atoi(words[2]), 1);
  withdrawal = encode(0x0a000000, atoi(words[2]), 0);
  strncpy(path.sun_path, words[3], sizeof path.sun_path - 1);
  unlink(path.sun_path);
  for (struct Session *session = sessions; session < sessions + SESSIONS; session++) session->fd = -1;
  int control = listenAt(AF_UNIX, &path, sizeof path), listener = listenAt(AF_INET, &address, sizeof address);
  struct epoll_event controlling = {.events = EPOLLIN, .data.ptr = &control};
  struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &listener};
  epollFd = epoll_create1(0);
  epoll_ctl(epollFd, EPOLL_CTL_ADD, control, &controlling);
  epoll_ctl(epollFd, EPOLL_CTL_ADD, listener, &listening);
  for (int client = -1;;) {
    struct epoll_event events[64];
    int ready = epoll_wait(epollFd, events, 64, -1);
    for (int i = 0; i < ready; i++) {
      void *what = events[i].data.ptr;
      struct Session *session = what;
      if (what == &control) {
        client = accept(control, 0, 0);
        struct epoll_event commands = {.events = EPOLLIN, .data.ptr = &client};
        epoll_ctl(epollFd, EPOLL_CTL_ADD, client, &commands);
      } else if (what == &client) obey(client);
      else if (what == &listener) accepted(listener);
      else if (session->fd < 0) continue;
      else if (events[i].events & ~EPOLLOUT) readable(session);
      else pump(session);
    }
  }
}
