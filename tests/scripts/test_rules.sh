#!/usr/bin/env bash
# Every rule of scripts/rules accepts a tree that keeps it, and names file and
# line of one that breaks it.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
source "$(dirname "$0")/lib.sh"
rules=$(cd "$(dirname "$0")/../../scripts/rules" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# fresh_tree: empties the tree and puts in files that keep all rules.
fresh_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/{cmake,messages,protocol/{wire,peer},actors/{loop,router}} \
    "$tree"/{tools,examples,tests/protocol/wire,tests/messages}
  echo 'actors/public.hpp' > "$tree/cmake/public_headers.txt"
  cat > "$tree/protocol/peer/good.cpp" << 'SOURCE'
// A comment may say rand(), randombytes_buf or #include <thread>.
#include <vector>
#include <node_proxy/messages/good.hpp>
#include <node_proxy/protocol/good.hpp>
#include <node_proxy/protocol/wire/good.hpp>
/* It may also say
   #include <caf/all.hpp> and std::chrono::system_clock::now() */
auto link = "http://example.org/"; // as may this: crypto_box_keypair(
int operand(int); // no rand(
int sum = operand(1) + crypto_sign_seed_keypair(pk, sk, seed);
std::chrono::steady_clock::time_point due;
SOURCE
  cat > "$tree/actors/good.cpp" << 'SOURCE'
#include <caf/all.hpp>
#include <thread>
#include <node_proxy/actors/router/good.hpp>
#include <node_proxy/protocol/good.hpp>
SOURCE
  echo '#include <node_proxy/actors/good.hpp>' > "$tree/actors/loop/good.hpp"
  echo '#include <node_proxy/actors/public.hpp>' > "$tree/examples/good.cpp"
  cat > "$tree/tools/good.cpp" << 'SOURCE'
#include "command.hpp"
#include <node_proxy/actors/good.hpp>
SOURCE
  cp "$tree/protocol/peer/good.cpp" "$tree/tests/protocol/wire/test_good.cpp"
  cp "$tree/protocol/peer/good.cpp" "$tree/tests/messages/test_good.cpp"
}

# accepts RULE
accepts() {
  local output
  if ! output=$("$rules/$1" "$tree"); then
    complain "$1 refuses a good tree: $output"
  fi
}

# refuses RULE FILE TEXT: with TEXT as third line of FILE the rule fails there.
refuses() {
  local rule=$1 file=$2 text=$3 output
  fresh_tree
  mkdir -p "$(dirname "$tree/$file")"
  printf '// A file.\n\n%s\n' "$text" > "$tree/$file"
  if output=$("$rules/$rule" "$tree"); then
    complain "$rule accepts '$text' in $file"
  elif [[ $output != "$file:3: "* ]]; then
    complain "$rule does not name $file:3: $output"
  fi
}

fresh_tree
for rule in includes purity fence names size; do
  accepts "$rule"
done

refuses includes messages/a.hpp '#include <node_proxy/protocol/x.hpp>'
refuses includes messages/a.hpp '  #  include <node_proxy/actors/x.hpp>'
refuses includes protocol/a.cpp '#include <node_proxy/actors/x.hpp>'
refuses includes protocol/a.hpp '#include <node_proxy/protocol/wire/x.hpp>'
refuses includes protocol/wire/a.cpp '#include <node_proxy/protocol/peer/x.hpp>'
refuses includes protocol/wire/a.cpp '#include <node_proxy/protocol/other/x.hpp>'
refuses includes actors/a.hpp '#include <node_proxy/actors/loop/x.hpp>'
refuses includes actors/loop/a.cpp '#include <node_proxy/actors/router/x.hpp>'
refuses includes actors/public.hpp '#include <node_proxy/actors/x.hpp>'
refuses includes examples/a.cpp '#include <node_proxy/actors/x.hpp>'
refuses includes actors/a.cpp '#include <node_proxy/tools/x.hpp>'
refuses includes actors/a.cpp '#include "x.hpp"'
refuses includes protocol/a.cpp '#include <messages/x.hpp>'
refuses includes tools/a.cpp '#include "../protocol/x.hpp"'
refuses includes tools/a.cpp '#include "node_proxy/protocol/x.hpp"'
refuses includes tests/messages/a.cpp '#include <node_proxy/actors/x.hpp>'
refuses includes tests/protocol/a.cpp '#include <node_proxy/actors/x.hpp>'

for header in caf/all.hpp caf/io/broker.hpp thread mutex future sys/socket.h \
  arpa/inet.h unistd.h iostream fstream ctime random; do
  refuses purity messages/a.hpp "#include <$header>"
  refuses purity protocol/a.cpp "#include <$header>"
done
for line in \
  'auto now = std::chrono::steady_clock::now();' \
  'std::chrono::system_clock::time_point t;' \
  'auto t = time(nullptr);' \
  'randombytes_buf(data, 32);' \
  'auto n = randombytes_uniform(7);' \
  'crypto_box_keypair(pk, sk);' \
  'crypto_sign_keypair(pk, sk);' \
  'crypto_aead_chacha20poly1305_ietf_keygen(k);' \
  'std::random_device device;' \
  'int dice = rand();' \
  '/* dice */ int dice = std::rand();' \
  'std::thread worker{run};' \
  'caf::actor peer;' \
  'auto ip = inet_addr(text);' \
  'int fd = ::socket(AF_INET, SOCK_STREAM, 0);' \
  'auto home = std::getenv("HOME");'; do
  refuses purity protocol/a.cpp "$line"
done
# What addresses are read and written with, and nowhere else.
fresh_tree
mkdir -p "$tree/protocol/wire"
printf '#include <arpa/inet.h>\nint ok = inet_pton(AF_INET, text, octets);\n' \
  > "$tree/protocol/wire/address_text.cpp"
accepts purity
refuses purity protocol/wire/address_text.cpp '#include <sys/socket.h>'
refuses purity protocol/wire/address_text.cpp 'auto ip = inet_addr(text);'
refuses purity protocol/wire/a.cpp '#include <arpa/inet.h>'

for line in \
  'void run(caf::resumable* job);' \
  'caf::mailbox_element_ptr what;' \
  'auto* element = self->current_mailbox_element();' \
  'auto x = caf::make_mailbox_element(from, id, msg);' \
  'using unit = caf::execution_unit;' \
  '#if CAF_MAJOR_VERSION >= 1' \
  '#  if CAF_VERSION < 10000'; do
  for file in protocol/a.cpp actors/a.hpp actors/proxy/a.cpp tools/a.cpp; do
    refuses fence "$file" "$line"
  done
done
# Behind the fence, in comments, and where nothing of CAF's is meant.
fresh_tree
mkdir -p "$tree"/actors/{caf,loop}
echo 'void run(caf::resumable* job);' > "$tree/actors/loop/a.hpp"
echo '#if CAF_MAJOR_VERSION >= 1' > "$tree/actors/caf/a.hpp"
echo 'bool is_resumable; // not a caf::resumable' > "$tree/actors/a.hpp"
echo '#if CAF_MAJOR_VERSION >= 1' > "$tree/tests/protocol/a.cpp"
accepts fence

# same_name TEXT TEXT: two headers with these lines.
same_name() {
  fresh_tree
  printf '// A file.\n\n%s\n' "$1" > "$tree/messages/a.hpp"
  printf '// A file.\n\n%s\n' "$2" > "$tree/messages/b.hpp"
}
for line in 'class mine {' 'struct mine {' 'struct mine : yours {' \
  'class NODE_PROXY_EXPORT mine final : public yours {' 'enum class mine {'; do
  same_name 'struct mine {' "$line"
  if output=$("$rules/names" "$tree"); then
    complain "names accepts a second '$line'"
  elif [[ $output != 'messages/b.hpp:3: '*mine*'messages/a.hpp'* ]]; then
    complain "names does not say what stands where: $output"
  fi
done
for line in 'struct mine;' 'struct mine_too {' 'struct mine<int> {' \
  '// struct mine {' '  struct mine {'; do
  same_name 'struct mine {' "$line"
  accepts names
done
same_name $'namespace a {\nclass mine {' $'namespace b {\nclass mine {'
accepts names

fresh_tree
seq -f '// line %g' 600 > "$tree/protocol/long.cpp"
accepts size
echo '// line' >> "$tree/protocol/long.cpp"
if output=$("$rules/size" "$tree"); then
  complain "size accepts 601 lines"
elif [[ $output != "protocol/long.cpp:601: "* ]]; then
  complain "size does not name the file: $output"
fi

conclude "All rules accept what they should and refuse what they should."
