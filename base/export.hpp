// Which names a shared library of this project offers.

#pragma once

/// Before a function or class that users call and that is not defined in its
/// header. All other names are hidden in a shared library.
#define NODE_PROXY_EXPORT __attribute__((visibility("default")))
