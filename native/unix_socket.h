// What Node cannot do with unix sockets: datagrams to the service manager, and asking who is at the other end.
#pragma once

#include <napi.h>

namespace herald {

void export_unix_socket(Napi::Env env, Napi::Object exports);

}  // namespace herald
