// Sizes that tests of delivery reckon with.

#pragma once

#include <node_proxy/messages/limits.hpp>

namespace test {

using namespace node_proxy;

inline constexpr auto fragment = limits::fragment;
inline constexpr auto overhead = limits::message_overhead;

} // namespace test
