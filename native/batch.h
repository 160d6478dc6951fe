// Room for one batch of frames in each direction, as recvmmsg(2) and sendmmsg(2) want it. The responder's thread has one.
#pragma once

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>

#include "packet.h"

namespace herald {

inline constexpr size_t batch_size = 64;

class Batch {
 public:
  Batch() {
    for (size_t i = 0; i < batch_size; i++) {
      in_vectors_[i] = {in_[i].data(), in_[i].size()};
      out_vectors_[i] = {out_[i].data(), 0};
      in_headers_[i].msg_hdr = {};
      in_headers_[i].msg_hdr.msg_iov = &in_vectors_[i];
      in_headers_[i].msg_hdr.msg_iovlen = 1;
      in_headers_[i].msg_hdr.msg_name = &from_[i];
      out_headers_[i].msg_hdr = {};
      out_headers_[i].msg_hdr.msg_iov = &out_vectors_[i];
      out_headers_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  /** How many frames there are to read. */
  size_t receive(int socket) {
    for (size_t i = 0; i < received_; i++) in_headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_ll);
    int count = 0;
    // That the interface went down is told once, before the frames that came since.
    do count = recvmmsg(socket, in_headers_.data(), batch_size, 0, nullptr);
    while (count < 0 && errno == ENETDOWN);
    return received_ = count < 0 ? 0 : static_cast<size_t>(count);
  }

  /** Nothing when it is longer than any that we answer. */
  std::optional<std::span<const uint8_t>> frame(size_t at) const {
    if (in_headers_[at].msg_hdr.msg_flags & MSG_TRUNC) return std::nullopt;
    return std::span<const uint8_t>(in_[at].data(), in_headers_[at].msg_len);
  }

  /** To another host in promiscuous mode, or of another VLAN: the tag is off by now, and this is what is left of it. */
  bool is_foreign(size_t at) const { return from_[at].sll_pkttype == PACKET_OTHERHOST; }

  void clear() { filled_ = 0; }
  size_t filled() const { return filled_; }
  uint8_t* room() { return out_[filled_].data(); }
  void fill(size_t length) { out_vectors_[filled_++].iov_len = length; }

  /** From `sent` on. Returns 0, or the errno that stopped it, with `sent` at the frame that could not go. */
  int send(int socket, size_t& sent) {
    while (sent < filled_) {
      const int count = sendmmsg(socket, &out_headers_[sent], static_cast<unsigned>(filled_ - sent), 0);
      if (count < 0) return errno;
      sent += static_cast<size_t>(count);
    }
    return 0;
  }

 private:
  /** RFC 4861 bounds no option, but nothing longer than a frame of Ethernet is sent to us. */
  static constexpr size_t longest_received = 1536;

  std::array<std::array<uint8_t, longest_received>, batch_size> in_;
  std::array<std::array<uint8_t, longest_frame>, batch_size> out_;
  std::array<sockaddr_ll, batch_size> from_;
  std::array<iovec, batch_size> in_vectors_;
  std::array<iovec, batch_size> out_vectors_;
  std::array<mmsghdr, batch_size> in_headers_;
  std::array<mmsghdr, batch_size> out_headers_;
  size_t received_ = batch_size;
  size_t filled_ = 0;
};

}  // namespace herald
