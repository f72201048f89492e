// Comes before CAF in all public headers. What is installed in its place
// refuses other versions of CAF than that of the build:
// cmake/caf_version_check.hpp.in.

#pragma once
