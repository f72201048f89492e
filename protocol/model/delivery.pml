/* What becomes of messages: sections "Channels" and "Delivery" of PROTOCOL.md.
 * README.md says what is in here and what is not.
 *
 * One direction between two nodes, which are called by what they are in it: the
 * sender and the receiver. There are two channels, one to an engine that takes
 * what it gets, and one to an engine that may never do so, or rejects it.
 * Connections are cut, and two of them overlap; both nodes restart; messages are
 * given up; channels are closed and opened again.
 *
 * Each step is what one end does on one event. What breaks a rule of the
 * protocol, and would end a connection with an error, is an assertion here.
 */

/* What there is to send in the first channel, and in both. */
#ifndef FIRST
#define FIRST 2
#endif
#ifndef MESSAGES
#define MESSAGES 3
#endif
/* Those that have two chunks: bits. */
#ifndef LONG
#define LONG 2
#endif
/* What a receiver permits in a channel, in chunks. */
#ifndef WINDOW
#define WINDOW 2
#endif

/* How many frames are under way. */
#ifndef ROOM
#define ROOM 2
#endif

/* How often it happens. */
#ifndef CUTS
#define CUTS 1
#endif
#ifndef OVERLAPS
#define OVERLAPS 0
#endif
#ifndef SENDER_RESTARTS
#define SENDER_RESTARTS 0
#endif
#ifndef RECEIVER_RESTARTS
#define RECEIVER_RESTARTS 0
#endif
#ifndef GIVEN_UP
#define GIVEN_UP 0
#endif
#ifndef REJECTS
#define REJECTS 0
#endif
#ifndef CLOSES
#define CLOSES 0
#endif

#define NONE 255

#define channel_of(m) ((m) < FIRST -> 0 : 1)
#define chunks_of(m) ((LONG >> (m)) & 1 -> 2 : 1)

/* -- connections ----------------------------------------------------------- */

/* What an end makes of a connection. */
#define CLOSED 0
#define DIALLED 1  /* initiator: resume is sent */
#define ANSWERED 2 /* responder: resume is waited for */
#define CURRENT 3

/* What goes over it, with up to three numbers. */
#define RESUME 1
#define OPEN 2
#define ABORT 3
#define REOPENED 4
#define CHUNK 5
#define VOID 6
#define SETTLED 7
#define CLOSE 8
#define ACK 9

chan to_receiver[2] = [ROOM] of {byte, byte, byte, byte};
chan to_sender[2] = [1] of {byte, byte, byte, short};

byte s_phase[2];
byte r_phase[2];
bool is_cut[2];
bool is_newer[2]; /* it survives beside the other one: see connections.pml */
byte s_epoch_told[2];
byte r_epoch_told[2];
/* What the resume frames say. */
byte said_first[2];
byte said_epoch[2];
byte said_next[2];

/* -- the sender ------------------------------------------------------------ */

/* Messages. */
#define NEW 0    /* nothing of it was ever sent in this life */
#define QUEUED 1 /* to be sent anew under other numbers */
#define SENT 2   /* some of it has numbers */
#define ENDED 3  /* given up after some of it was sent */
#define DONE 4

byte state[MESSAGES];
byte sent[MESSAGES];         /* chunks that have numbers */
byte number[2 * MESSAGES] = NONE; /* of both chunks */
byte outcome[MESSAGES];      /* what was told */

#define UNTOLD 0
#define DELIVERED 1
#define REJECTED 2
#define UNCONFIRMED 3
#define LOST 4 /* with the sender: nobody is told */

byte s_epoch = 1;
byte known_to; /* the receiver's epoch under which numbers are used */
byte next_number;
byte cursor; /* the next number on this connection */

byte s_channel[2] = NONE; /* their numbers on this connection */
byte s_channels;
bool to_open[2];
bool to_abort[MESSAGES];
bool to_say_reopened;

byte begins[2]; /* the number that was next when the channel was new */
byte acked[2];
short noted[2]; /* rejects of the last ack: bits */

/* -- the receiver ---------------------------------------------------------- */

/* Messages. */
#define ABSENT 0
#define PART 1
#define ARRIVED 2 /* its engine has it */
#define REFUSED 3 /* rejected and not settled */

byte arrival[MESSAGES];
byte first[MESSAGES] = NONE; /* its first number */

byte r_epoch = 1;
byte peer_epoch;
byte expected; /* E */
byte begun;    /* N */
byte due;      /* D */

byte r_channel[2] = NONE;
byte r_channels;
bool owes[2];
bool reopened;

/* -- what only the model knows --------------------------------------------- */

bool handed[MESSAGES]; /* to its engine, in this life of the receiver */
bool taken[MESSAGES];  /* by its engine, in any life */
bool refused[MESSAGES];
bool takes[2] = true; /* the engine takes messages */

byte cuts = CUTS;
byte overlaps = OVERLAPS;
byte sender_restarts = SENDER_RESTARTS;
byte receiver_restarts = RECEIVER_RESTARTS;
byte giving_up = GIVEN_UP;
byte rejects = REJECTS;
byte closes = CLOSES;

/* Only within a step. */
hidden byte i;
hidden byte j;
hidden byte m;
hidden byte kind;
hidden byte a;
hidden byte b;
hidden byte c;
hidden byte low;
hidden byte ch;
hidden short numbers;

/* -- both ------------------------------------------------------------------ */

inline say(k, what, x, y, z) {
  printf("sender on %d: %d %d %d %d\n", k, what, x, y, z);
  if
  :: !is_cut[k] && r_phase[k] != CLOSED -> to_receiver[k] ! what, x, y, z
  :: else
  fi
}

inline reply(k, what, x, y, z) {
  printf("receiver on %d: %d %d %d %d\n", k, what, x, y, z);
  if
  :: !is_cut[k] && s_phase[k] != CLOSED -> to_sender[k] ! what, x, y, z
  :: else
  fi
}

/* Nothing depends any more on what was said on it. */
inline clear(k) {
  if
  :: s_phase[k] == CLOSED && r_phase[k] == CLOSED ->
     is_cut[k] = false;
     is_newer[k] = false;
     s_epoch_told[k] = 0;
     r_epoch_told[k] = 0;
     said_first[k] = 0;
     said_epoch[k] = 0;
     said_next[k] = 0
  :: else
  fi
}

/* An end that has closed does not read. */
inline s_close(k) {
  if
  :: s_phase[k] == CURRENT ->
     s_channel[0] = NONE;
     s_channel[1] = NONE;
     s_channels = 0;
     to_open[0] = false;
     to_open[1] = false;
     to_say_reopened = false;
     cursor = 0;
     i = 0;
     do
     :: i < MESSAGES ->
        to_abort[i] = false;
        i++
     :: else -> break
     od
  :: else
  fi;
  s_phase[k] = CLOSED;
  printf("sender closes %d\n", k);
  do
  :: len(to_sender[k]) > 0 -> to_sender[k] ? kind, a, b, numbers
  :: else -> break
  od;
  clear(k)
}

inline r_close(k) {
  if
  :: r_phase[k] == CURRENT ->
     r_channel[0] = NONE;
     r_channel[1] = NONE;
     r_channels = 0;
     owes[0] = false;
     owes[1] = false;
     reopened = false;
     begun = 0;
     due = 0
  :: else
  fi;
  r_phase[k] = CLOSED;
  printf("receiver closes %d\n", k);
  do
  :: len(to_receiver[k]) > 0 -> to_receiver[k] ? kind, a, b, c
  :: else -> break
  od;
  clear(k)
}

/* Which of two survives: both ends come to the same result. */
#define survives(k, phase) (phase[1 - (k)] != CURRENT || is_newer[k])

/* -- the sender ------------------------------------------------------------ */

#define has_numbers(x) (state[x] == SENT || state[x] == ENDED)
#define last_number(x) number[2 * (x) + sent[x] - 1]

/* The lowest number that may still be sent, to a receiver in that epoch. */
inline find_first(epoch) {
  low = next_number;
  i = 0;
  do
  :: i < MESSAGES && known_to == epoch ->
     if
     :: has_numbers(i) && number[2 * i] < low -> low = number[2 * i]
     :: else
     fi;
     i++
  :: else -> break
  od
}

inline s_resume(k) {
  find_first(r_epoch_told[k]);
  said_first[k] = low;
  say(k, RESUME, low, 0, 0)
}

inline forget_numbers(x) {
  sent[x] = 0;
  number[2 * x] = NONE;
  number[2 * x + 1] = NONE
}

inline begin_channel(x) {
  begins[x] = next_number;
  acked[x] = next_number;
  noted[x] = 0
}

/* The receiver knows of no number: all is to be sent anew. */
inline send_anew() {
  i = 0;
  do
  :: i < MESSAGES ->
     if
     :: state[i] == SENT ->
        state[i] = QUEUED;
        forget_numbers(i)
     :: state[i] == ENDED ->
        state[i] = DONE;
        forget_numbers(i)
     :: else
     fi;
     i++
  :: else -> break
  od;
  begin_channel(0);
  begin_channel(1)
}

/* The sender has opened the receiver's resume: b is the epoch, a what is next. */
inline s_establish(k) {
  if
  :: !survives(k, s_phase) -> s_close(k)
  :: else ->
     j = said_first[k];
     if
     :: b == s_epoch_told[k] -> j = a
     :: else
     fi;
     assert(j <= next_number); /* beyond_sent */
     if
     :: s_phase[1 - k] == CURRENT -> s_close(1 - k)
     :: else
     fi;
#ifdef BREAK_KEEP_NUMBERS
     if
     :: known_to == 0 -> known_to = r_epoch_told[k]
     :: else
     fi;
#else
     if
     :: known_to != r_epoch_told[k] -> send_anew()
     :: else
     fi;
     known_to = r_epoch_told[k];
#endif
     s_phase[k] = CURRENT;
     cursor = j;
     i = 0;
     do
     :: i < MESSAGES ->
        if
        :: has_numbers(i) ->
#ifndef BREAK_NO_REOPENING
           to_open[channel_of(i)] = true;
#endif
           to_abort[i] = state[i] == ENDED && (sent[i] < chunks_of(i) ||
             (sent[i] > 1 && last_number(i) >= cursor))
        :: else
        fi;
        i++
     :: else -> break
     od;
#ifdef BREAK_NO_ABORT
     i = 0;
     do
     :: i < MESSAGES ->
        to_abort[i] = false;
        i++
     :: else -> break
     od;
#endif
     to_say_reopened = true
  fi
}

inline open(k, x) {
  s_channel[x] = s_channels;
  s_channels++;
  to_open[x] = false;
  say(k, OPEN, s_channel[x], x, 0)
}

#if MESSAGES == 2
#define to_abort_any(x) \
  ((to_abort[0] && channel_of(0) == x) || (to_abort[1] && channel_of(1) == x))
#elif MESSAGES == 3
#define to_abort_any(x) \
  ((to_abort[0] && channel_of(0) == x) || \
   (to_abort[1] && channel_of(1) == x) || \
   (to_abort[2] && channel_of(2) == x))
#else
#define to_abort_any(x) \
  ((to_abort[0] && channel_of(0) == x) || \
   (to_abort[1] && channel_of(1) == x) || \
   (to_abort[2] && channel_of(2) == x) || \
   (to_abort[3] && channel_of(3) == x))
#endif

inline abort(k, x) {
  i = 0;
  do
  :: i < MESSAGES && !(to_abort[i] && channel_of(i) == x) -> i++
  :: else -> break
  od;
  to_abort[i] = false;
  say(k, ABORT, s_channel[x], number[2 * i], 0)
}

#define must_speak \
  (to_open[0] || to_open[1] || to_abort_any(0) || to_abort_any(1) || \
   to_say_reopened)

/* What goes before all messages, and aborts at any time. */
inline speak_first(k) {
  if
  :: to_open[0] -> open(k, 0)
  :: !to_open[0] && to_abort_any(0) -> abort(k, 0)
  :: !to_open[0] && !to_abort_any(0) && to_open[1] -> open(k, 1)
  :: !to_open[0] && !to_abort_any(0) && !to_open[1] && to_abort_any(1) ->
     abort(k, 1)
  :: else ->
     to_say_reopened = false;
     say(k, REOPENED, 0, 0, 0)
  fi
}

/* Numbers that were used before: again, or void up to the next that is. */
inline send_again(k) {
  low = next_number;
  m = NONE;
  i = 0;
  do
  :: i < 2 * MESSAGES ->
     if
     :: state[i / 2] == SENT && (i % 2) < sent[i / 2] &&
        number[i] >= cursor && number[i] < low ->
        low = number[i];
        m = i
     :: else
     fi;
     i++
  :: else -> break
  od;
  if
  :: low == cursor ->
     say(k, CHUNK, s_channel[channel_of(m / 2)], cursor, m);
     cursor++
  :: else ->
#ifdef BREAK_NO_VOID
     skip;
#else
     say(k, VOID, cursor, low, 0);
#endif
     cursor = low
  fi
}

/* Chunks of a channel that have numbers and are not acknowledged. */
#define cost(x, y) (has_numbers(x) && channel_of(x) == (y) -> sent[x] : 0)
#if MESSAGES == 2
#define outstanding(x) (cost(0, x) + cost(1, x))
#elif MESSAGES == 3
#define outstanding(x) (cost(0, x) + cost(1, x) + cost(2, x))
#else
#define outstanding(x) (cost(0, x) + cost(1, x) + cost(2, x) + cost(3, x))
#endif

#define has_more(x) \
  ((state[x] == SENT && sent[x] < chunks_of(x)) || state[x] == QUEUED || \
   state[x] == NEW)
#define waits(x, y) (has_more(x) && channel_of(x) == (y))
#if MESSAGES == 2
#define any_waits(x) (waits(0, x) || waits(1, x))
#elif MESSAGES == 3
#define any_waits(x) (waits(0, x) || waits(1, x) || waits(2, x))
#else
#define any_waits(x) (waits(0, x) || waits(1, x) || waits(2, x) || waits(3, x))
#endif

#ifdef BREAK_NO_WINDOW
#define has_room(x) true
#else
#define has_room(x) (outstanding(x) < WINDOW)
#endif

inline send_new(k, x) {
  if
  :: s_channel[x] == NONE -> open(k, x)
  :: else ->
     i = 0;
     do
     :: i < MESSAGES && !waits(i, x) -> i++
     :: else -> break
     od;
     state[i] = SENT;
     number[2 * i + sent[i]] = next_number;
     say(k, CHUNK, s_channel[x], next_number, 2 * i + sent[i]);
     sent[i]++;
     next_number++;
     cursor = next_number
  fi
}

#define may_speak(k) (s_phase[k] == CURRENT && len(to_receiver[k]) < ROOM)

/* One reject of an ack: its number is j, the ack's next is b. */
inline note_reject() {
  assert(j < b); /* bad_reject */
  if
  :: j < begins[ch]
  :: j >= begins[ch] && j < acked[ch] ->
     assert((noted[ch] >> j) & 1) /* bad_reject */
  :: else ->
     m = 0;
     do
     :: m < MESSAGES &&
        !(has_numbers(m) && channel_of(m) == ch && number[2 * m] == j) -> m++
     :: else -> break
     od;
     assert(m < MESSAGES); /* bad_reject */
     if
     :: state[m] == ENDED
     :: else ->
        assert(sent[m] == chunks_of(m) && last_number(m) < b); /* bad_reject */
        assert(refused[m]);
        assert(outcome[m] == UNTOLD);
        outcome[m] = REJECTED
     fi
  fi
}

inline note_acknowledged() {
  m = 0;
  do
  :: m < MESSAGES ->
     if
     :: has_numbers(m) && channel_of(m) == ch && last_number(m) < b &&
        (state[m] == ENDED || sent[m] == chunks_of(m)) ->
        if
        :: outcome[m] == UNTOLD ->
           assert(taken[m]);
           outcome[m] = DELIVERED
        :: else
        fi;
        state[m] = DONE;
        forget_numbers(m)
     :: else ->
        /* inside_message */
        assert(!(state[m] == SENT && channel_of(m) == ch && number[2 * m] < b))
     fi;
     m++
  :: else -> break
  od
}

inline handle_ack(k) {
  assert(a < s_channels); /* beyond_sent */
  if
  :: a == s_channel[0] || a == s_channel[1] ->
     ch = (a == s_channel[0] -> 0 : 1);
     assert(b <= next_number); /* beyond_sent */
     j = 0;
     do
     :: j < 15 ->
        if
        :: (numbers >> j) & 1 -> note_reject()
        :: else
        fi;
        j++
     :: else -> break
     od;
     note_acknowledged();
     noted[ch] = numbers;
     if
     :: b > acked[ch] -> acked[ch] = b
     :: else
     fi;
     if
     :: numbers != 0 -> say(k, SETTLED, a, b, 0)
     :: else
     fi
  :: else /* closed meanwhile */
  fi
}

inline s_read(k) {
  to_sender[k] ? kind, a, b, numbers;
  printf("sender reads on %d: %d %d %d %d\n", k, kind, a, b, numbers);
  if
  :: s_phase[k] == DIALLED ->
     assert(kind == RESUME);
     s_establish(k)
  :: s_phase[k] == ANSWERED ->
     assert(kind == RESUME);
     s_resume(k);
     s_establish(k)
  :: s_phase[k] == CURRENT ->
     assert(kind == ACK);
     handle_ack(k)
  fi
}

/* A message is given up after some of it was transmitted. */
inline give_up(x) {
  outcome[x] = UNCONFIRMED;
  if
  :: state[x] == QUEUED -> state[x] = DONE
  :: else ->
     state[x] = ENDED;
#ifndef BREAK_NO_ABORT
     ch = channel_of(x);
     to_abort[x] = (s_channel[ch] != NONE || to_open[ch]) &&
       (sent[x] < chunks_of(x) || sent[x] > 1)
#endif
  fi
}

#define may_give_up(x) \
  (giving_up > 0 && outcome[x] == UNTOLD && \
   (state[x] == QUEUED || state[x] == SENT))

#define is_used(x, y) (channel_of(x) == (y) && state[x] != NEW && state[x] != DONE)
#if MESSAGES == 2
#define is_empty(x) (!is_used(0, x) && !is_used(1, x))
#elif MESSAGES == 3
#define is_empty(x) (!is_used(0, x) && !is_used(1, x) && !is_used(2, x))
#else
#define is_empty(x) \
  (!is_used(0, x) && !is_used(1, x) && !is_used(2, x) && !is_used(3, x))
#endif

#ifdef BREAK_CLOSE_EARLY
#define may_close(x) true
#else
#define may_close(x) is_empty(x)
#endif

inline close_channel(k, x) {
  say(k, CLOSE, s_channel[x], 0, 0);
  s_channel[x] = NONE;
  begin_channel(x)
}

inline restart_sender() {
  s_close(0);
  s_close(1);
  i = 0;
  do
  :: i < MESSAGES ->
     if
     :: state[i] != NEW ->
        state[i] = DONE;
        forget_numbers(i);
        if
        :: outcome[i] == UNTOLD -> outcome[i] = LOST
        :: else
        fi
     :: else
     fi;
     i++
  :: else -> break
  od;
  s_epoch++;
  known_to = 0;
  next_number = 0;
  begin_channel(0);
  begin_channel(1)
}

/* -- the receiver ---------------------------------------------------------- */

#define is_held(x, y) \
  (channel_of(x) == (y) && (arrival[x] == PART || arrival[x] == ARRIVED))

/* The number below which all of channel x is consumed. */
inline find_next(x) {
  low = expected;
  i = 0;
  do
  :: i < MESSAGES ->
     if
     :: is_held(i, x) && first[i] < low -> low = first[i]
     :: else
     fi;
     i++
  :: else -> break
  od
}

inline r_resume(k) {
  said_epoch[k] = peer_epoch;
  said_next[k] = expected;
  reply(k, RESUME, expected, peer_epoch, 0)
}

inline forget_arrival(x) {
  arrival[x] = ABSENT;
  first[x] = NONE
}

inline forget_arrivals() {
  i = 0;
  do
  :: i < MESSAGES ->
     forget_arrival(i);
     i++
  :: else -> break
  od
}

/* The receiver has opened the sender's resume: a is the first number. */
inline r_establish(k) {
  if
  :: !survives(k, r_phase) -> r_close(k)
  :: else ->
     j = a; /* r_close reads into a */
     if
     :: r_phase[1 - k] == CURRENT -> r_close(1 - k)
     :: else
     fi;
     if
     :: peer_epoch != s_epoch_told[k] ->
        forget_arrivals();
        peer_epoch = s_epoch_told[k];
        expected = j
     :: else
     fi;
     r_phase[k] = CURRENT;
     begun = (said_epoch[k] == s_epoch_told[k] -> said_next[k] : j);
     due = begun;
     i = 0;
     do
     :: i < MESSAGES ->
        /* beyond_received */
        assert(!(arrival[i] == PART || arrival[i] == ARRIVED) || first[i] >= j);
        i++
     :: else -> break
     od
  fi
}

/* A channel of the connection is found in ch. */
inline find_channel() {
  assert(a == r_channel[0] || a == r_channel[1]); /* unknown_channel */
  ch = (a == r_channel[0] -> 0 : 1)
}

#define size(x, y) \
  (!is_held(x, y) -> 0 : (arrival[x] == PART -> 1 : chunks_of(x)))
#if MESSAGES == 2
#define held(x) (size(0, x) + size(1, x))
#elif MESSAGES == 3
#define held(x) (size(0, x) + size(1, x) + size(2, x))
#else
#define held(x) (size(0, x) + size(1, x) + size(2, x) + size(3, x))
#endif

/* A message is complete: it goes to its engine. */
inline hand_over(x) {
  assert(!handed[x]); /* not twice */
  assert(outcome[x] != DELIVERED && outcome[x] != REJECTED);
  i = x + 1;
  do
  :: i < MESSAGES ->
     assert(channel_of(i) != channel_of(x) || !handed[i]); /* in order */
     i++
  :: else -> break
  od;
  handed[x] = true;
  arrival[x] = ARRIVED
}

/* A chunk: b is its number, c says of which message. */
inline handle_chunk() {
  assert(b == due); /* out_of_order */
  due++;
  find_channel();
#ifdef BREAK_TAKE_TWICE
  if
  :: b < expected && arrival[c / 2] != ABSENT
#else
  if
  :: b < expected
#endif
  :: else ->
     assert(held(ch) < WINDOW); /* beyond_window */
     expected = b + 1;
     m = c / 2;
     i = 0;
     do
     :: i < MESSAGES ->
        /* bad_fragment: another message is not complete */
        assert(!(channel_of(i) == ch && arrival[i] == PART && i != m));
        i++
     :: else -> break
     od;
     if
     :: c % 2 == 0 ->
        assert(arrival[m] == ABSENT); /* bad_fragment */
        first[m] = b
     :: else -> assert(arrival[m] == PART) /* bad_fragment */
     fi;
     if
     :: c % 2 + 1 == chunks_of(m) -> hand_over(m)
     :: else -> arrival[m] = PART
     fi
  fi
}

inline handle_void() {
  assert(a == due && b > a); /* out_of_order */
  due = b;
  if
  :: b > expected ->
     expected = b;
#ifndef BREAK_NO_ACK_OF_VOID
     owes[0] = r_channel[0] != NONE;
     owes[1] = r_channel[1] != NONE
#endif
  :: else
  fi
}

inline handle_abort() {
  find_channel();
  i = 0;
  do
  :: i < MESSAGES ->
     if
     :: channel_of(i) == ch && arrival[i] == PART && first[i] == b ->
        forget_arrival(i);
        owes[ch] = true
     :: else
     fi;
     i++
  :: else -> break
  od
}

/* Rejects of channel x below y need not be repeated. */
inline settle(x, y) {
  i = 0;
  do
  :: i < MESSAGES ->
     if
     :: channel_of(i) == x && arrival[i] == REFUSED && first[i] < y ->
        forget_arrival(i)
     :: else
     fi;
     i++
  :: else -> break
  od
}

inline handle_settled() {
  find_channel();
  find_next(ch);
  assert(b <= low); /* beyond_received */
  settle(ch, b)
}

/* Of channels that are not open nothing is kept but what engines have, and what
 * has arrived on another connection meanwhile: the sender did not speak of it. */
#ifdef BREAK_FORGET_WHAT_CAME_SINCE
#define known_before NONE
#else
#define known_before begun
#endif

inline forget_channel(x) {
  if
  :: r_channel[x] == NONE ->
     settle(x, known_before);
     i = 0;
     do
     :: i < MESSAGES ->
        if
        :: channel_of(i) == x && arrival[i] == PART && first[i] < known_before ->
           forget_arrival(i)
        :: else
        fi;
        i++
     :: else -> break
     od
  :: else
  fi
}

inline handle_close() {
  find_channel();
  i = 0;
  do
  :: i < MESSAGES ->
     assert(channel_of(i) != ch || arrival[i] == ABSENT); /* bad_close */
     i++
  :: else -> break
  od;
  r_channel[ch] = NONE;
  owes[ch] = false
}

inline r_read(k) {
  to_receiver[k] ? kind, a, b, c;
  printf("receiver reads on %d: %d %d %d %d\n", k, kind, a, b, c);
  if
  :: r_phase[k] == DIALLED ->
     assert(kind == RESUME);
     r_establish(k)
  :: r_phase[k] == ANSWERED ->
     assert(kind == RESUME);
     r_resume(k);
     r_establish(k)
  :: r_phase[k] == CURRENT ->
     if
     :: kind == OPEN ->
        assert(a == r_channels);        /* out_of_order */
        assert(r_channel[b] == NONE); /* bad_open */
        r_channel[b] = a;
        r_channels++;
        owes[b] = true
     :: kind == REOPENED ->
        reopened = true;
        forget_channel(0);
        forget_channel(1)
     :: kind == CHUNK -> handle_chunk()
     :: kind == VOID -> handle_void()
     :: kind == ABORT -> handle_abort()
     :: kind == SETTLED -> handle_settled()
     :: kind == CLOSE -> handle_close()
     fi
  fi
}

inline acknowledge(k, x) {
  find_next(x);
#ifdef BREAK_ACK_ON_ARRIVAL
  low = expected;
#endif
  numbers = 0;
  i = 0;
  do
  :: i < MESSAGES ->
     if
     :: channel_of(i) == x && arrival[i] == REFUSED && first[i] < low ->
        numbers = numbers | (1 << first[i])
     :: else
     fi;
     i++
  :: else -> break
  od;
  owes[x] = false;
#ifdef BREAK_REJECT_ONCE
  settle(x, low);
#endif
  reply(k, ACK, r_channel[x], low, numbers)
}

#define is_before(x, y) \
  (channel_of(x) == channel_of(y) && arrival[x] == ARRIVED && first[x] < first[y])

/* An engine is done with a message, one after the other in its channel. */
inline finish(x, rejected) {
  ch = channel_of(x);
  if
  :: rejected ->
     refused[x] = true;
     arrival[x] = REFUSED
  :: else ->
     taken[x] = true;
     forget_arrival(x)
  fi;
  owes[ch] = r_channel[ch] != NONE;
  if
  :: reopened -> forget_channel(ch)
  :: else
  fi
}

#if MESSAGES == 2
#define is_next(x) \
  (arrival[x] == ARRIVED && !is_before(0, x) && !is_before(1, x))
#elif MESSAGES == 3
#define is_next(x) \
  (arrival[x] == ARRIVED && !is_before(0, x) && !is_before(1, x) && \
   !is_before(2, x))
#else
#define is_next(x) \
  (arrival[x] == ARRIVED && !is_before(0, x) && !is_before(1, x) && \
   !is_before(2, x) && !is_before(3, x))
#endif

inline restart_receiver() {
  r_close(0);
  r_close(1);
  forget_arrivals();
  i = 0;
  do
  :: i < MESSAGES ->
     handed[i] = false;
     i++
  :: else -> break
  od;
  r_epoch++;
  peer_epoch = 0;
  expected = 0
}

/* -- connections ----------------------------------------------------------- */

/* A connection between the ends as they are now. */
inline shake_hands(k) {
  s_epoch_told[k] = s_epoch;
  r_epoch_told[k] = r_epoch
}

#define is_free(k) \
  (s_phase[k] == CLOSED && r_phase[k] == CLOSED && \
   len(to_sender[k]) == 0 && len(to_receiver[k]) == 0)

/* A node dials if it has no connection; a second one is one more overlap. */
#define may_dial(k, phase) \
  (is_free(k) && (phase[1 - k] == CLOSED || phase[1 - k] == ANSWERED) && \
   (is_free(1 - k) || overlaps > 0))

inline note_overlap(k, newer) {
  if
  :: !is_free(1 - k) ->
     overlaps--;
     is_newer[k] = newer;
     is_newer[1 - k] = !newer
  :: else
  fi
}

inline dial_as_sender(k, newer) {
  note_overlap(k, newer);
  shake_hands(k);
  s_phase[k] = DIALLED;
  r_phase[k] = ANSWERED;
  s_resume(k)
}

inline dial_as_receiver(k, newer) {
  note_overlap(k, newer);
  shake_hands(k);
  r_phase[k] = DIALLED;
  s_phase[k] = ANSWERED;
  r_resume(k)
}

/* An end learns that nothing more comes: all was read, or some of it is lost. */
#define s_may_end(k) \
  (s_phase[k] != CLOSED && \
   (is_cut[k] || (r_phase[k] == CLOSED && len(to_sender[k]) == 0)))
#define r_may_end(k) \
  (r_phase[k] != CLOSED && \
   (is_cut[k] || (s_phase[k] == CLOSED && len(to_receiver[k]) == 0)))

/* -- who does what --------------------------------------------------------- */

inline sender_on(k) {
  if
  :: d_step {
       s_phase[k] != CLOSED && len(to_sender[k]) > 0 &&
       len(to_receiver[k]) < ROOM -> s_read(k)
     }
  :: d_step { may_speak(k) && must_speak -> speak_first(k) }
  :: d_step {
       may_speak(k) && !must_speak && cursor < next_number -> send_again(k)
     }
  :: d_step {
       may_speak(k) && !must_speak && cursor == next_number &&
       any_waits(0) && has_room(0) -> send_new(k, 0)
     }
  :: d_step {
       may_speak(k) && !must_speak && cursor == next_number &&
       any_waits(1) && has_room(1) -> send_new(k, 1)
     }
  :: d_step {
       closes > 0 && may_speak(k) && !must_speak && s_channel[0] != NONE &&
       cursor == next_number && may_close(0) ->
       closes--;
       close_channel(k, 0)
     }
  :: d_step { s_may_end(k) -> s_close(k) }
  fi
}

active proctype sender() {
end:
  do
  :: sender_on(0)
  :: sender_on(1)
  :: d_step { may_give_up(0) -> giving_up--; give_up(0) }
  :: d_step { may_give_up(1) -> giving_up--; give_up(1) }
  :: d_step { sender_restarts > 0 -> sender_restarts--; restart_sender() }
  od
}

inline receiver_on(k) {
  if
  :: d_step {
       r_phase[k] != CLOSED && len(to_receiver[k]) > 0 -> r_read(k)
     }
  :: d_step {
       r_phase[k] == CURRENT && owes[0] && len(to_sender[k]) == 0 ->
       acknowledge(k, 0)
     }
  :: d_step {
       r_phase[k] == CURRENT && owes[1] && len(to_sender[k]) == 0 ->
       acknowledge(k, 1)
     }
  :: d_step { r_may_end(k) -> r_close(k) }
  fi
}

inline engine_of(x) {
  if
  :: d_step { is_next(x) && takes[channel_of(x)] -> finish(x, false) }
  :: d_step { is_next(x) && rejects > 0 -> rejects--; finish(x, true) }
  fi
}

active proctype receiver() {
end:
  do
  :: receiver_on(0)
  :: receiver_on(1)
  :: engine_of(0)
  :: engine_of(1)
#if MESSAGES > 2
  :: engine_of(2)
#endif
#if MESSAGES > 3
  :: engine_of(3)
#endif
  :: d_step { receiver_restarts > 0 -> receiver_restarts--; restart_receiver() }
  od
}

inline dial(k) {
  if
  :: d_step { may_dial(k, s_phase) -> dial_as_sender(k, true) }
  :: d_step { may_dial(k, r_phase) -> dial_as_receiver(k, true) }
  :: d_step {
       may_dial(k, s_phase) && !is_free(1 - k) -> dial_as_sender(k, false)
     }
  :: d_step {
       may_dial(k, r_phase) && !is_free(1 - k) -> dial_as_receiver(k, false)
     }
  fi
}

inline cut(k) {
  d_step {
    cuts > 0 && !is_cut[k] && s_phase[k] != CLOSED && r_phase[k] != CLOSED ->
    cuts--;
    is_cut[k] = true
  }
}

/* All that can be told was told, however long another engine takes. */
inline check_end() {
  assert(s_phase[0] == r_phase[0] && s_phase[1] == r_phase[1]);
  assert(s_phase[0] == CURRENT || s_phase[1] == CURRENT);
  i = 0;
  do
  :: i < MESSAGES ->
     /* A reject that came meanwhile waits for its channel to be used again. */
     assert(arrival[i] != REFUSED || r_channel[channel_of(i)] == NONE);
     assert(arrival[i] != PART || !takes[channel_of(i)]);
     assert(!takes[channel_of(i)] || state[i] == DONE);
     i++
  :: else -> break
  od;
  i = 0
}

active proctype network() {
  if
  :: takes[1] = true
  :: takes[1] = false
  fi;
end:
  do
  :: dial(0)
  :: dial(1)
  :: cut(0)
  :: cut(1)
  :: timeout ->
     d_step { check_end() };
     break
  od
}
