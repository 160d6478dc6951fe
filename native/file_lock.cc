// flock(2), which Node has not: a lock that belongs to an open file and so dies with its owner, whatever ends it; it holds
// across network and process namespaces alike.

#include "file_lock.h"

#include <sys/file.h>

#include "descriptor.h"

namespace herald {
namespace {

/** tryLock(descriptor): whether it is ours now; false when somebody else has it. */
Napi::Value try_lock(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno == EWOULDBLOCK) return Napi::Boolean::New(info.Env(), false);
  throw system_error(info.Env(), "flock", errno);
}

}  // namespace

void export_file_lock(Napi::Env env, Napi::Object exports) {
  exports.Set("tryLock", Napi::Function::New<try_lock>(env, "tryLock"));
}

}  // namespace herald
