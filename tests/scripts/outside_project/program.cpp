#include "plugin.hpp"

int main() {
  return run_node() ? 0 : 1;
}
