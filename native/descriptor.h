// A descriptor that closes itself and errno as a JavaScript error: what every native file stands on.
// Errors carry `code` (the errno's name) and `syscall` ("bind", "setsockopt TCP_MD5SIG"), as Node's own do.
#pragma once

#include <napi.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <string>
#include <utility>

namespace herald {

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const noexcept { return fd_; }
  /** The caller closes it from now on. */
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

inline Napi::Error system_error(Napi::Env env, const char* syscall, int number) {
  char code[64];
  uv_err_name_r(-number, code, sizeof code);
  char text[128];
  uv_strerror_r(-number, text, sizeof text);
  Napi::Error error = Napi::Error::New(env, std::string(syscall) + ": " + text);
  error.Set("code", Napi::String::New(env, code));
  error.Set("syscall", Napi::String::New(env, syscall));
  return error;
}

/** Passes on what a system call returned; throws when that is -1. */
inline int checked(Napi::Env env, const char* syscall, int result) {
  if (result < 0) throw system_error(env, syscall, errno);
  return result;
}

}  // namespace herald
