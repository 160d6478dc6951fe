// A lock on an open file that dies with its owner. Said to JavaScript in src/io/native.ts.
#pragma once

#include <napi.h>

namespace herald {

void export_file_lock(Napi::Env env, Napi::Object exports);

}  // namespace herald
