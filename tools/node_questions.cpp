#include "node_questions.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/operator_messages.hpp>
#include <node_proxy/messages/connection_permanence.hpp>

#include "json.hpp"
#include "options.hpp"
#include "status_json.hpp"

namespace node_proxy::tools {

using internal::send_request;

namespace {

/// A node that does not answer in this time is stuck.
constexpr std::chrono::seconds patience{10};

template <class Answer, class Handle, class Question>
tl::expected<Answer, std::string> ask(caf::actor_system& system,
                                      const Handle& whom, Question question) {
  caf::scoped_actor self{system};
  tl::expected<Answer, std::string> result =
    tl::unexpected{std::string{"the node does not answer"}};
  send_request(&*self, whom, patience, std::move(question))
    .receive([&](Answer& answer) { result = std::move(answer); },
             [&](const caf::error& error) {
               result = tl::unexpected{describe(error)};
             });
  return result;
}

std::string text_of(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string error_text(std::string_view what) {
  return text_of({{"error", what}});
}

/// What stands before the first blank, and what behind it.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  auto blank = std::min(text.find(' '), text.size());
  return {text.substr(0, blank), text.substr(std::min(blank + 1, text.size()))};
}

} // namespace

tl::expected<node_status, std::string> node_questions::status() const {
  return ask<node_status>(system_, router_, get_node_status{});
}

tl::expected<node_metrics, std::string> node_questions::metrics() const {
  return ask<node_metrics>(system_, router_, get_node_metrics{});
}

tl::expected<void, std::string>
node_questions::set_permanent(const node_id& id, bool permanent) const {
  if (permanent) {
    auto reply =
      ask<node_connect_reply>(system_, router_, node_connect_request{id, true});
    if (!reply)
      return tl::unexpected{reply.error()};
    if (reply->result == node_connect_result::unknown)
      return tl::unexpected{
        std::string{"unknown_node: no advert of it is known"}};
    if (reply->result != node_connect_result::ok)
      return tl::unexpected{std::string{to_string(reply->result)}};
    return {};
  }
  auto found = ask<node_proxy_found>(system_, router_, lookup_node_proxy{id});
  if (!found)
    return tl::unexpected{found.error()};
  auto ok = ask<done>(system_, found->proxy, connection_permanence::ephemeral);
  if (!ok)
    return tl::unexpected{ok.error()};
  return {};
}

tl::expected<void, std::string> node_questions::check() const {
  auto ok = ask<node_advert>(system_, router_, get_local_advert{});
  if (!ok)
    return tl::unexpected{ok.error()};
  return {};
}

tl::expected<std::string, std::string> node_questions::status_text() const {
  auto known = status();
  if (!known)
    return tl::unexpected{known.error()};
  return text_of(to_json(*known, names_));
}

std::string node_questions::set_permanent(const node_id& id,
                                          std::string_view value) const {
  if (value != "on" && value != "off")
    return error_text("expected 'on' or 'off' behind the node id");
  auto ok = set_permanent(id, value == "on");
  return ok ? text_of({{"done", true}}) : error_text(ok.error());
}

template <class Question>
std::string node_questions::part(const node_id& id) const {
  auto answer = ask<node_parting>(system_, router_, Question{id});
  if (!answer)
    return error_text(answer.error());
  if (answer->result == parting_result::unknown)
    return error_text("nothing is known of that node");
  if (answer->result == parting_result::permanent)
    return error_text("its connection is permanent, so it would come back at "
                      "once: 'permanent NODE off' comes first");
  if (answer->result == parting_result::under_way)
    return error_text(
      "something is under way that would be lost: "
      + std::to_string(answer->waiting) + " messages wait for it, "
      + std::to_string(answer->untaken) + " of its messages are not taken");
  return text_of({{"waiting", answer->waiting},
                  {"untaken", answer->untaken},
                  {"advert", answer->advert},
                  {"permanence", answer->permanence},
                  {"record", answer->record}});
}

/// Sends a message to an engine that nobody has. That there is none is what the
/// other node says when the message has come all the way.
void node_questions::ping(const node_id& id, control_reply_ptr reply) const {
  using clock = std::chrono::steady_clock;
  node_out_msg msg;
  // While it waits the node says what it waits for.
  msg.expiry = rel_time{ping_patience.count() + 1};
  msg.msg.sender = {std::nullopt, "ping"};
  msg.msg.target = {id, "no engine: ping"};
  auto begin = clock::now();
  auto answered = [reply, begin] {
    auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      clock::now() - begin);
    reply->finish(text_of({{"round_trip_us", took.count()}}));
  };
  system_.spawn(
    [=, router = router_, msg = std::move(msg)](caf::event_based_actor* self) {
      send_request(self, router, ping_patience, msg)
        .then([answered](const delivered&) { answered(); },
              [answered, reply](const caf::error& error) {
                if (code_of(error) == errc::unknown_engine)
                  answered();
                else
                  reply->finish(error_text(error == caf::sec::request_timeout
                                             ? "nothing came back"
                                             : describe(error)));
              });
    });
}

/// What concerns one node, and is answered at once.
std::string node_questions::answer_about(const node_id& id,
                                         std::string_view verb,
                                         std::string_view value) const {
  if (verb == "permanent")
    return set_permanent(id, value);
  if (verb == "disconnect")
    return part<disconnect_node>(id);
  return part<forget_node>(id);
}

void node_questions::answer(std::string_view request,
                            const control_reply_ptr& reply) const {
  if (request == "status") {
    auto text = status_text();
    return reply->finish(text ? *text : error_text(text.error()));
  }
  if (request == "events") {
    reply->follow();
    // Whether the node answers is to be known though nothing happens.
    static_cast<void>(reply->add(text_of({{"following", true}})));
    return events_.follow(
      {[reply](std::string_view event) { return reply->add(event); },
       [reply] {
         return reply->closed();
       }});
  }
  auto [verb, rest] = split(request);
  constexpr std::array verbs{"permanent", "disconnect", "forget", "ping"};
  if (std::ranges::find(verbs, verb) == verbs.end())
    return reply->finish(
      error_text("the request is not understood: another version of "
                 "node-proxy may have sent it"));
  auto [node, value] = split(rest);
  auto id = parse_node_id(node);
  if (!id)
    return reply->finish(error_text(id.error()));
  if (verb == "ping")
    return ping(*id, reply);
  reply->finish(answer_about(*id, verb, value));
}

} // namespace node_proxy::tools
