{
  "targets": [
    {
      "target_name": "herald",
      "sources": [
        "native/addon.cc",
        "native/file_lock.cc",
        "native/group-memberships.cc",
        "native/link.cc",
        "native/link-service.cc",
        "native/mld.cc",
        "native/mld-listener.cc",
        "native/netlink.cc",
        "native/packet.cc",
        "native/packet-socket.cc",
        "native/responder.cc",
        "native/responder-thread.cc",
        "native/tcp.cc",
        "native/unix_socket.cc"
      ],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"],
      "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "-fvisibility=hidden"]
    }
  ]
}
