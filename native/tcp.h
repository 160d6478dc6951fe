// TCP sockets with the options that BGP needs and Node does not offer. Said to JavaScript in src/io/native.ts.
#pragma once

#include <napi.h>

namespace herald {

void export_tcp(Napi::Env env, Napi::Object exports);

}  // namespace herald
