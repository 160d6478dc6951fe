// new Responder(hear): the door to responder-thread.h and group-memberships.h. Keeps which link is open, and turns columns of
// words into addresses. What each call means stands in src/l2/responder.ts.

#include "responder.h"

#include <endian.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "group-memberships.h"
#include "link.h"
#include "packet-socket.h"
#include "responder-thread.h"

namespace herald {
namespace {

/** Conflicts that JavaScript has not looked at yet; what comes beyond is only counted. */
constexpr size_t most_unheard = 256;

Ipv4 address_from(const uint32_t* words, Ipv4) { return {htobe32(words[0])}; }

Ipv6 address_from(const uint32_t* words, Ipv6) {
  const std::array<uint32_t, 4> octets = {htobe32(words[0]), htobe32(words[1]), htobe32(words[2]), htobe32(words[3])};
  return std::bit_cast<Ipv6>(octets);
}

template <class Address>
std::vector<Address> addresses_from(const Napi::Value& value) {
  constexpr size_t words_each = sizeof(Address) / sizeof(uint32_t);
  const auto words = value.As<Napi::Uint32Array>();
  std::vector<Address> addresses(words.ElementLength() / words_each);
  for (size_t i = 0; i < addresses.size(); i++) addresses[i] = address_from(words.Data() + i * words_each, Address{});
  return addresses;
}

GroupMemberships::Groups groups_of(const std::vector<Ipv6>& addresses) {
  GroupMemberships::Groups groups;
  groups.reserve(addresses.size());
  for (const Ipv6& address : addresses) groups.push_back(solicited_node_suffix(address));
  std::ranges::sort(groups);
  const auto repeated = std::ranges::unique(groups);
  groups.erase(repeated.begin(), repeated.end());
  return groups;
}

Napi::Object counters_of(Napi::Env env, const Counters& counters) {
  Napi::Object dropped = Napi::Object::New(env);
  for (size_t why = 0; why < drop_count; why++)
    dropped.Set(drop_names[why], static_cast<double>(counters.dropped[why].get()));
  Napi::Object result = Napi::Object::New(env);
  result.Set("requestsReceived", static_cast<double>(counters.requests_received.get()));
  result.Set("responsesSent", static_cast<double>(counters.responses_sent.get()));
  result.Set("gratuitousSent", static_cast<double>(counters.gratuitous_sent.get()));
  result.Set("conflicts", static_cast<double>(counters.conflicts.get()));
  result.Set("dropped", dropped);
  return result;
}

std::string problem_text(int number) {
  if (number == 0) return "";
  char text[128];
  uv_strerror_r(-number, text, sizeof text);
  return text;
}

class Responder : public Napi::ObjectWrap<Responder> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Responder",
                       {InstanceMethod<&Responder::open>("open"), InstanceMethod<&Responder::close>("close"),
                        InstanceMethod<&Responder::answer_for>("answerFor"), InstanceMethod<&Responder::announce>("announce"),
                        InstanceMethod<&Responder::probe>("probe"), InstanceMethod<&Responder::counters>("counters"),
                        InstanceMethod<&Responder::stop>("stop")});
  }

  explicit Responder(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Responder>(info),
        heard_(Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "herald-l2", most_unheard, 1)) {
    heard_.Unref(info.Env());
    // After the function's own, hence called before it: nothing may call it once the environment goes.
    napi_add_env_cleanup_hook(info.Env(), at_exit, this);
    thread_ = std::make_unique<ResponderThread>(info.Env(), [this](const Conflict& conflict) { tell(conflict); });
  }

  ~Responder() override {
    napi_remove_env_cleanup_hook(Env(), at_exit, this);
    end();
  }

 private:
  static void at_exit(void* self) { static_cast<Responder*>(self)->end(); }

  void end() {
    if (!thread_) return;
    for (auto& [index, link] : links_) {
      link->close();
      thread_->forget(std::move(link));
    }
    links_.clear();
    thread_->stop();
    groups_.stop();
    thread_.reset();
    heard_.Release();
  }

  /** On the responder's thread. */
  void tell(const Conflict& conflict) {
    auto copy = std::make_unique<Conflict>(conflict);
    const napi_status status = heard_.NonBlockingCall(copy.get(), [](Napi::Env env, Napi::Function hear, Conflict* told) {
      const std::unique_ptr<Conflict> owned(told);
      if (env == nullptr) return;
      Napi::Uint8Array address = Napi::Uint8Array::New(env, owned->address_length);
      std::copy_n(owned->address.begin(), owned->address_length, address.Data());
      Napi::Uint8Array mac = Napi::Uint8Array::New(env, owned->mac.size());
      std::ranges::copy(owned->mac, mac.Data());
      hear.Call({Napi::Number::New(env, owned->interface_index), address, mac});
    });
    if (status == napi_ok) (void)copy.release();
  }

  Link* link_of(const Napi::CallbackInfo& info) {
    const auto known = links_.find(info[0].As<Napi::Number>().Int32Value());
    return known == links_.end() ? nullptr : known->second.get();
  }

  void tell_own_macs() {
    std::vector<Mac> own;
    for (const auto& [index, link] : links_) own.push_back(link->mac());
    thread_->set_own(std::move(own));
  }

  void discard(int index) {
    auto known = links_.extract(index);
    if (known.empty()) return;
    known.mapped()->close();
    groups_.forget(index);
    thread_->forget(std::move(known.mapped()));
  }

  void open(const Napi::CallbackInfo& info) {
    if (!thread_) return;
    const Napi::Env env = info.Env();
    const int index = info[0].As<Napi::Number>().Int32Value();
    const auto octets = info[1].As<Napi::Uint8Array>();
    Mac mac{};
    std::copy_n(octets.Data(), std::min(octets.ByteLength(), mac.size()), mac.begin());
    const uint32_t rate = info[2].As<Napi::Number>().Uint32Value();
    if (Link* link = link_of(info); link != nullptr && problem_of(link->side<Ipv4>().socket.get()) != ENODEV) {
      link->set_identity(mac, rate);
      tell_own_macs();
      return;
    }
    // An interface that went to another namespace and came back has its number still, and our sockets have lost it.
    discard(index);
    auto link = std::make_unique<Link>(index, open_packet_socket(env, index, Hears::arp),
                                       open_packet_socket(env, index, Hears::neighbourDiscovery));
    link->set_identity(mac, rate);
    Link& served = *links_.emplace(index, std::move(link)).first->second;
    tell_own_macs();
    try {
      thread_->serve(env, served);
    } catch (const Napi::Error&) {
      discard(index);
      throw;
    }
  }

  void close(const Napi::CallbackInfo& info) {
    if (!thread_ || link_of(info) == nullptr) return;
    discard(info[0].As<Napi::Number>().Int32Value());
    tell_own_macs();
  }

  void answer_for(const Napi::CallbackInfo& info) {
    Link* link = link_of(info);
    if (link == nullptr) return;
    const auto ipv4 = addresses_from<Ipv4>(info[1]);
    const auto ipv6 = addresses_from<Ipv6>(info[2]);
    link->answer_for<Ipv4>(ipv4);
    link->answer_for<Ipv6>(ipv6);
    groups_.want(link->interface_index, groups_of(ipv6));
  }

  void announce(const Napi::CallbackInfo& info) {
    Link* link = link_of(info);
    if (link == nullptr) return;
    const uint32_t rounds = info[3].As<Napi::Number>().Uint32Value();
    const uint32_t interval_ms = info[4].As<Napi::Number>().Uint32Value();
    thread_->say(*link, link->announce<Ipv4>(addresses_from<Ipv4>(info[1]), rounds, interval_ms));
    const auto ipv6 = addresses_from<Ipv6>(info[2]);
    thread_->say(*link, link->announce<Ipv6>(ipv6, rounds, interval_ms));
    if (!ipv6.empty()) groups_.repeat(link->interface_index);
  }

  void probe(const Napi::CallbackInfo& info) {
    Link* link = link_of(info);
    if (link == nullptr) return;
    thread_->say(*link, link->probe<Ipv4>(addresses_from<Ipv4>(info[1])));
    thread_->say(*link, link->probe<Ipv6>(addresses_from<Ipv6>(info[2])));
  }

  Napi::Value counters(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Link* link = link_of(info);
    if (link == nullptr) return env.Undefined();
    Side<Ipv4>& ipv4 = link->side<Ipv4>();
    Side<Ipv6>& ipv6 = link->side<Ipv6>();
    ipv4.counters.drop(Drop::overflow, take_overflow(ipv4.socket.get()));
    ipv6.counters.drop(Drop::overflow, take_overflow(ipv6.socket.get()));
    Napi::Object result = Napi::Object::New(env);
    result.Set("ipv4", counters_of(env, ipv4.counters));
    result.Set("ipv6", counters_of(env, ipv6.counters));
    result.Set("pendingAnnouncements", static_cast<double>(link->pending_announcements()));
    result.Set("groups", groups_.joined(link->interface_index));
    result.Set("problem", problem_text(problem_of(ipv4.socket.get())));
    return result;
  }

  void stop(const Napi::CallbackInfo&) { end(); }

  Napi::ThreadSafeFunction heard_;
  std::unique_ptr<ResponderThread> thread_;
  GroupMemberships groups_;
  std::map<int, std::unique_ptr<Link>> links_;
};

}  // namespace

void export_responder(Napi::Env env, Napi::Object exports) { exports.Set("Responder", Responder::define(env)); }

}  // namespace herald
