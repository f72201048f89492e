#include "node_questions.hpp"

#include <chrono>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/error.hpp>

#include "json.hpp"
#include "options.hpp"
#include "status_json.hpp"

namespace node_proxy::tools {

using internal::send_request;

namespace {

/// A node that does not answer in this time is stuck.
constexpr std::chrono::seconds patience{10};

template <class Answer, class Handle, class Question>
expected<Answer, std::string> ask(caf::actor_system& system, const Handle& whom,
                                  Question question) {
  caf::scoped_actor self{system};
  expected<Answer, std::string> result =
    unexpected{std::string{"the node does not answer"}};
  send_request(&*self, whom, patience, std::move(question))
    .receive(
      [&](Answer& answer) { result = std::move(answer); },
      [&](const caf::error& error) { result = unexpected{describe(error)}; });
  return result;
}

std::string text_of(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string error_text(std::string_view what) {
  return text_of({{"error", what}});
}

} // namespace

expected<node_status, std::string> node_questions::status() const {
  return ask<node_status>(system_, router_, get_node_status{});
}

expected<node_metrics, std::string> node_questions::metrics() const {
  return ask<node_metrics>(system_, router_, get_node_metrics{});
}

expected<void, std::string>
node_questions::set_permanent(const node_id& id, bool permanent) const {
  if (permanent) {
    auto reply =
      ask<node_connect_reply>(system_, router_, node_connect_request{id, true});
    if (!reply)
      return unexpected{reply.error()};
    if (reply->result == node_connect_result::unknown)
      return unexpected{std::string{"unknown_node: no advert of it is known"}};
    if (reply->result != node_connect_result::ok)
      return unexpected{std::string{to_string(reply->result)}};
    return {};
  }
  auto found = ask<node_proxy_found>(system_, router_, lookup_node_proxy{id});
  if (!found)
    return unexpected{found.error()};
  auto ok = ask<done>(system_, found->proxy, connection_permanence::ephemeral);
  if (!ok)
    return unexpected{ok.error()};
  return {};
}

expected<void, std::string> node_questions::check() const {
  auto ok = ask<node_advert>(system_, router_, get_local_advert{});
  if (!ok)
    return unexpected{ok.error()};
  return {};
}

expected<std::string, std::string> node_questions::status_text() const {
  auto known = status();
  if (!known)
    return unexpected{known.error()};
  return text_of(to_json(*known, names_));
}

std::string node_questions::answer(std::string_view request) const {
  if (request == "status") {
    auto text = status_text();
    return text ? *text : error_text(text.error());
  }
  constexpr std::string_view verb = "permanent ";
  if (!request.starts_with(verb))
    return error_text("the request is not understood: expected 'status' or "
                      "'permanent NODE_ID on|off'");
  request.remove_prefix(verb.size());
  auto blank = request.find(' ');
  auto id = parse_node_id(request.substr(0, blank));
  if (!id)
    return error_text(id.error());
  auto value = request.substr(std::min(blank, request.size() - 1) + 1);
  if (value != "on" && value != "off")
    return error_text("expected 'on' or 'off' behind the node id");
  auto ok = set_permanent(*id, value == "on");
  return ok ? text_of({{"done", true}}) : error_text(ok.error());
}

} // namespace node_proxy::tools
