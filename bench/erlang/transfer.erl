%% Messages between two nodes of Erlang's distribution: one way, and there and
%% back. It says how many arrived, and does not acknowledge each.
-module(transfer).
-export([main/0, start_sink/0, sink/1]).

%% What stands behind `-extra`: mode, bytes of a message, seconds, and the
%% arguments of the other node, which is a process of its own.
main() ->
    [Mode, Size, Seconds | Arguments] = init:get_plain_arguments(),
    {ok, Other, _} = peer:start_link(#{connection => standard_io,
                                       args => Arguments}),
    true = peer:call(Other, net_kernel, connect_node, [node()]),
    Sink = peer:call(Other, ?MODULE, start_sink, []),
    Payload = binary:copy(<<"E">>, list_to_integer(Size)),
    Time = round(to_number(Seconds) * 1000000),
    measure(Mode, Sink, Payload, max(Time div 10, 200000)),
    io:put_chars(measure(Mode, Sink, Payload, Time)),
    peer:stop(Other),
    halt(0).

start_sink() -> spawn(?MODULE, sink, [0]).

sink(Count) ->
    receive
        {echo, From, Payload} -> From ! Payload, sink(Count);
        {count, From} -> From ! {counted, Count}, sink(0);
        _ -> sink(Count + 1)
    end.

measure("one_way", Sink, Payload, Time) ->
    Begun = now_us(),
    Sent = send_until(Begun + Time, Sink, Payload, 0),
    Sink ! {count, self()},
    Sent = receive {counted, Count} -> Count end,
    Took = (now_us() - Begun) / 1000000,
    line("one_way", Payload,
         io_lib:format("\"messages\":~b,\"seconds\":~.6f,\"msgs_per_s\":~.3f",
                       [Sent, Took, Sent / Took]));
measure("round_trip", Sink, Payload, Time) ->
    Times = lists:sort(ping_until(now_us() + Time, Sink, Payload, [])),
    line("round_trip", Payload,
         io_lib:format("\"messages\":~b,\"p50_us\":~.3f,\"p99_us\":~.3f",
                       [length(Times), at(0.5, Times), at(0.99, Times)])).

send_until(End, Sink, Payload, Sent) ->
    case Sent rem 16 =:= 0 andalso now_us() >= End of
        true -> Sent;
        false -> Sink ! Payload, send_until(End, Sink, Payload, Sent + 1)
    end.

ping_until(End, Sink, Payload, Times) ->
    Before = erlang:monotonic_time(nanosecond),
    Sink ! {echo, self(), Payload},
    receive Payload -> ok end,
    Took = (erlang:monotonic_time(nanosecond) - Before) / 1000,
    case now_us() >= End of
        true -> [Took | Times];
        false -> ping_until(End, Sink, Payload, [Took | Times])
    end.

at(Share, Sorted) ->
    lists:nth(1 + trunc(Share * (length(Sorted) - 1)), Sorted).

line(Mode, Payload, Figures) ->
    io_lib:format("{\"bench\":\"erlang\",\"mode\":\"~s\",\"size\":~b,~s}~n",
                  [Mode, byte_size(Payload), Figures]).

now_us() -> erlang:monotonic_time(microsecond).

to_number(Text) ->
    case string:to_float(Text) of
        {error, no_float} -> list_to_integer(Text);
        {Number, _} -> Number
    end.
