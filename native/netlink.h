// What the kernel tells unasked about its interfaces and addresses. Said to JavaScript in src/io/native.ts.
#pragma once

#include <napi.h>

namespace herald {

void export_netlink(Napi::Env env, Napi::Object exports);

}  // namespace herald
