#include "grpc/certificate.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace bench {

namespace {

template <class T>
using owned = std::unique_ptr<T, void (*)(T*)>;

void check(bool done) {
  if (!done)
    throw std::runtime_error{"OpenSSL makes no certificate"};
}

/// What `write` writes to a file of OpenSSL's.
template <class Write>
std::string text_of(Write write) {
  owned<BIO> file{BIO_new(BIO_s_mem()), BIO_free_all};
  check(file && write(file.get()) == 1);
  char* data = nullptr;
  auto size = BIO_get_mem_data(file.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void name_host(X509* x) {
  auto name = X509_get_subject_name(x);
  std::string host = "localhost";
  check(X509_NAME_add_entry_by_txt(
          name, "CN", MBSTRING_ASC,
          reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0)
        == 1);
  check(X509_set_issuer_name(x, name) == 1);
  owned<X509_EXTENSION> other_names{
    X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                        ("DNS:" + host).c_str()),
    X509_EXTENSION_free};
  check(other_names && X509_add_ext(x, other_names.get(), -1) == 1);
}

} // namespace

certificate make_certificate() {
  owned<EVP_PKEY> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  owned<X509> x{X509_new(), X509_free};
  check(key && x);
  constexpr long day = 24 * 60 * 60;
  constexpr long version_3 = 2;
  check(X509_set_version(x.get(), version_3) == 1
        && ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1) == 1
        && X509_gmtime_adj(X509_getm_notBefore(x.get()), -day) != nullptr
        && X509_gmtime_adj(X509_getm_notAfter(x.get()), day) != nullptr
        && X509_set_pubkey(x.get(), key.get()) == 1);
  name_host(x.get());
  check(X509_sign(x.get(), key.get(), EVP_sha256()) > 0);
  return {
    text_of([&](BIO* file) {
      return PEM_write_bio_PrivateKey(file, key.get(), nullptr, nullptr, 0,
                                      nullptr, nullptr);
    }),
    text_of([&](BIO* file) { return PEM_write_bio_X509(file, x.get()); })};
}

} // namespace bench
