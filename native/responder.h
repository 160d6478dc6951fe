// The responder as JavaScript sees it: an object that owns the thread. Said to JavaScript in src/io/native.ts.
#pragma once

#include <napi.h>

namespace herald {

void export_responder(Napi::Env env, Napi::Object exports);

}  // namespace herald
