// Messages with a note that nobody but its writer knows of.

#pragma once

#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

#include <caf/actor_control_block.hpp>
#include <caf/config.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>
#include <caf/type_id.hpp>

namespace node_proxy::internal {

#if CAF_MAJOR_VERSION >= 1

/// `types` as CAF writes a list of types, with `last` behind it. It is there
/// until the process ends, as messages refer to it: there are as many as there
/// are kinds of messages with a note in the program.
[[nodiscard]] const caf::type_id_t* types_with(caf::type_id_list types,
                                               caf::type_id_t last);

/// What CAF makes of `msg`, and a note behind it. The message names one type,
/// so that is all that CAF matches, copies, moves and encodes. It counts the
/// objects by themselves, though, as messages are built one by one, and
/// destroys each as the type that stands in the list at its place.
template <class Msg, class Note>
caf::message make_noted_message(Msg msg, Note note) {
  using caf::detail::message_data;
  using caf::detail::padded_size_v;
  static_assert(std::is_nothrow_move_constructible_v<Note>);
  static constexpr caf::type_id_t types[] = {1, caf::type_id_v<Msg>,
                                             caf::type_id_v<Note>};
  // CAF gives it back by `free`.
  auto* memory = std::malloc(sizeof(message_data)
                             + padded_size_v<Msg> + padded_size_v<Note>);
  if (memory == nullptr)
    throw std::bad_alloc{};
  auto* data = new (memory) message_data{caf::type_id_list{types}};
  caf::message::data_ptr owner{data, false};
  data->init(std::move(msg), std::move(note));
  return caf::message{std::move(owner)};
}

/// The same for a message that is there, whose objects are moved.
template <class Note>
caf::message make_noted_message(caf::message msg, Note note) {
  using caf::detail::message_data;
  using caf::detail::padded_size_v;
  static_assert(std::is_nothrow_move_constructible_v<Note>);
  auto types = msg.types();
  auto size = sizeof(message_data) + types.data_size() + padded_size_v<Note>;
  auto* memory = std::malloc(size);
  if (memory == nullptr)
    throw std::bad_alloc{};
  auto* data = new (memory)
    message_data{caf::type_id_list{types_with(types, caf::type_id_v<Note>)}};
  caf::message::data_ptr owner{data, false};
  auto* to = data->storage();
  // What others refer to as well is copied by this.
  auto* from = msg.types().empty() ? nullptr : msg.data().storage();
  for (auto type : types) {
    const auto& meta = caf::detail::global_meta_object(type);
    meta.move_construct(to, from);
    data->inc_constructed_elements();
    to += meta.padded_size;
    from += meta.padded_size;
  }
  new (to) Note(std::move(note));
  data->inc_constructed_elements();
  return caf::message{std::move(owner)};
}

#else

/// Is to its receiver what CAF makes of the message itself.
template <class Msg, class Note>
class noted_element final
  : public caf::mailbox_element,
    public caf::detail::tuple_vals_impl<caf::type_erased_tuple, Msg> {
public:
  noted_element(caf::strong_actor_ptr from, caf::message_id id, Msg msg,
                Note note)
    : caf::mailbox_element{std::move(from), id, {}},
      caf::detail::tuple_vals_impl<caf::type_erased_tuple, Msg>{std::move(msg)},
      note_{std::move(note)} {}

  caf::type_erased_tuple& content() override { return *this; }
  const caf::type_erased_tuple& content() const override { return *this; }

  caf::message move_content_to_message() override {
    return caf::make_message(std::move(std::get<0>(this->data())));
  }

  caf::message copy_content_to_message() const override {
    return caf::make_message(std::get<0>(this->data()));
  }

private:
  Note note_;
};

/// The same for a message that is there.
template <class Note>
class noted_message_element final : public caf::mailbox_element {
public:
  noted_message_element(caf::strong_actor_ptr from, caf::message_id id,
                        caf::message msg, Note note)
    : caf::mailbox_element{std::move(from), id, {}}, msg_{std::move(msg)},
      note_{std::move(note)} {}

  caf::type_erased_tuple& content() override {
    return msg_.empty() ? nothing_ : msg_.content();
  }

  const caf::type_erased_tuple& content() const override {
    return msg_.empty() ? nothing_ : msg_.content();
  }

  caf::message move_content_to_message() override { return std::move(msg_); }

  caf::message copy_content_to_message() const override { return msg_; }

private:
  caf::message msg_;
  caf::empty_type_erased_tuple nothing_;
  Note note_;
};

#endif

/// `msg` for a mailbox, with a note: handlers do not see it, and do not get it
/// when they copy the message or move it away. CAF destroys it when it is done
/// with the message, whatever has become of that, in whatever thread: with the
/// mailbox element in 0.17, with its content in 1.x. The content lives longer
/// only if somebody keeps, or passes on, the `caf::message` as a whole.
/// @tparam Note has a type id.
template <class Msg, class Note>
caf::mailbox_element_ptr make_noted_element(caf::strong_actor_ptr from,
                                            caf::message_id id, Msg msg,
                                            Note note) {
#if CAF_MAJOR_VERSION >= 1
  return caf::make_mailbox_element(
    std::move(from), id, make_noted_message(std::move(msg), std::move(note)));
#else
  using element =
    std::conditional_t<std::is_same_v<Msg, caf::message>,
                       noted_message_element<Note>, noted_element<Msg, Note>>;
  return caf::mailbox_element_ptr{
    new element{std::move(from), id, std::move(msg), std::move(note)}};
#endif
}

} // namespace node_proxy::internal
