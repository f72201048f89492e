# shellcheck shell=bash
# Shared by the scripts; sourced after `set -euo pipefail`. It changes into the
# root of the repository.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What building and testing needs, what scripts/check needs besides, what the
# presets `asan` and `fuzz` need, and what benchmarks need.
build_packages=(g++ cmake ninja-build lld pkg-config ccache libcaf-dev
  libsodium-dev libssl-dev libcereal-dev libexpected-dev libspdlog-dev
  libfmt-dev libcli11-dev nlohmann-json3-dev libsqlitecpp-dev doctest-dev
  libcpp-httplib-dev)
check_packages=(git clang clang-format clang-tidy doxygen)
sanitizer_packages=(clang libclang-rt-dev)
bench_packages=(libzmq3-dev libbenchmark-dev)

phase_name=
phase_start=0

# phase NAME: prints how long the phase before took, and begins a new one.
phase() {
  local took=$((SECONDS - phase_start))
  if [[ -n $phase_name ]]; then
    printf -- '-- %s: %d min %d s\n' "$phase_name" $((took / 60)) \
      $((took % 60))
  fi
  phase_name=$1
  phase_start=$SECONDS
  printf '\n== %s\n' "$1"
}

# install_packages NAME...: installs the Debian packages that are missing.
# Without any missing it asks dpkg once and touches nothing.
install_packages() {
  local missing=() name as_root=()
  if ! command -v dpkg-query > /dev/null; then
    echo "This is not Debian: please install by hand: $*" >&2
    return
  fi
  for name in "$@"; do
    if [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$name" \
      2> /dev/null)" != installed ]]; then
      missing+=("$name")
    fi
  done
  if ((${#missing[@]} == 0)); then
    return
  fi
  if (($(id -u) != 0)); then
    as_root=(sudo)
    if ! command -v sudo > /dev/null; then
      echo "Neither root nor sudo: please install: ${missing[*]}" >&2
      return 1
    fi
  fi
  phase "Installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Number of compilers to run at once: one per processor, but a file that
# includes CAF takes about 1 GiB of memory.
build_jobs() {
  local processors memory
  processors=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  if ((memory < processors)); then
    processors=$((memory > 0 ? memory : 1))
  fi
  echo "$processors"
}

# build PRESET [TARGET...]: configures if that was not done, and builds.
build() {
  local preset=$1
  shift
  if [[ ! -f build/$preset/build.ninja ]]; then
    cmake --preset "$preset"
  fi
  cmake --build "build/$preset" -j "$(build_jobs)" ${1:+--target "$@"}
}
