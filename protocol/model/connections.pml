/* Who is proven, whose epoch is known, and which connection survives: sections
 * "Handshake", "One connection per peer", "Goodbye" and "Life and death" of
 * PROTOCOL.md. README.md says what is in here and what is not.
 *
 * Two nodes, 0 and 1, dial each other whenever they have no connection. Node 0
 * has the smaller id. Connections are cut, one direction at a time; a node
 * restarts or forgets the other; somebody on the path replays requests and the
 * first sealed frame of connections that were.
 *
 * Each step is what one end does on one event. Cryptography is perfect: a frame
 * opens at the end for whose handshake it was sealed, and nowhere else.
 */

/* How many connections there are in a history, and of what happens to them. */
#ifndef CONNECTIONS
#define CONNECTIONS 4
#endif
#ifndef CUTS
#define CUTS 1
#endif
#ifndef RESTARTS
#define RESTARTS 1
#endif
#ifndef FORGETS
#define FORGETS 0
#endif
#ifndef REPLAYS
#define REPLAYS 0
#endif

/* Whether that many connections are enough for all of it. */
#ifndef ENOUGH
#define ENOUGH false
#endif

#define NONE 255

/* What an end makes of a connection. */
#define UNUSED 0
#define DIALLING 1   /* initiator: hello is sent */
#define ANSWERED 2   /* responder: welcome is sent, nothing is proven */
#define CONFIRMING 3 /* initiator: resume is sent */
#define CURRENT 4
#define LEAVING 5 /* goodbye is sent */
#define CLOSED 6

/* What goes over it. */
#define HELLO 1
#define WELCOME 2
#define RESUME 3
#define REPLAYED_RESUME 4 /* sealed for another handshake */
#define SUPERSEDED 5      /* goodbye */
#define DISPLACED 6       /* goodbye */

/* Of connection c and node n: the end of n, and the frames that n has sent. */
#define at(c, n) ((c) * 2 + (n))

byte phase[2 * CONNECTIONS];
byte spoke[2 * CONNECTIONS]; /* when the end spoke, by its node's clock */
byte given_up_for[2 * CONNECTIONS] = NONE;
bool dead[2 * CONNECTIONS];  /* what is sent there now does not arrive */
chan wire[2 * CONNECTIONS] = [3] of {byte};

byte used; /* connections that were begun */
bit initiator[CONNECTIONS];
bool replayed[CONNECTIONS];      /* the initiator is not who it says */
byte hello_epoch[CONNECTIONS];   /* of the initiator */
byte welcome_epoch[CONNECTIONS]; /* of the responder */
byte hello_prev[CONNECTIONS];

/* What a node has of the other one. */
bool known[2]; /* there is state */
byte epoch[2]; /* its own */
byte begun[2]; /* the last one that there was state for */
byte peer_epoch[2];
byte since[2];
byte last[2] = NONE;

byte clock[2];
byte drawn[2]; /* epochs; later ones are higher */

byte cuts = CUTS;
byte restarts = RESTARTS;
byte forgets = FORGETS;
byte replays = REPLAYS;

/* Only within a step. */
hidden byte i;
hidden byte j;
hidden byte frame;
hidden byte other_epoch;
hidden byte current;
hidden byte reason;

inline send(c, n, what) {
  if
  :: !dead[at(c, n)] -> wire[at(c, n)] ! what
  :: else
  fi
}

/* The end stops reading and writing. */
inline close(c, n) {
  phase[at(c, n)] = CLOSED;
  do
  :: len(wire[at(c, 1 - n)]) > 0 -> wire[at(c, 1 - n)] ? frame
  :: else -> break
  od;
  dead[at(c, 1 - n)] = true;
  /* Of what nothing depends on, nothing is kept: fewer states. */
  spoke[at(c, n)] = 0;
  if
  :: phase[at(c, 1 - n)] == CLOSED && replays == 0 ->
     hello_epoch[c] = 0;
     welcome_epoch[c] = 0;
     hello_prev[c] = NONE;
     given_up_for[at(c, 0)] = NONE;
     given_up_for[at(c, 1)] = NONE
  :: else
  fi
}

inline find_current(n) {
  current = NONE;
  i = 0;
  do
  :: i < CONNECTIONS ->
     if
     :: phase[at(i, n)] == CURRENT -> current = i
     :: else
     fi;
     i++
  :: else -> break
  od
}

/* The epoch that this node tells the other: what it has, or has told. */
inline choose_epoch(n, result) {
  result = 0;
  i = 0;
  do
  :: i < CONNECTIONS ->
#ifndef BREAK_TELL_ANOTHER_EPOCH
     if
     :: phase[at(i, n)] == ANSWERED -> result = welcome_epoch[i]
     :: else
     fi;
#endif
     i++
  :: else -> break
  od;
  if
  :: known[n] -> result = epoch[n]
  :: !known[n] && result == 0 ->
     drawn[n]++;
     result = drawn[n]
  :: else
  fi
}

inline begin_state(n, own) {
  if
  :: !known[n] ->
     /* Numbers of an epoch never begin anew. */
     assert(own > begun[n]);
     known[n] = true;
     epoch[n] = own;
     begun[n] = own
  :: else
  fi
}

inline speak(c, n) {
  clock[n]++;
  spoke[at(c, n)] = clock[n]
}

#define epoch_of_peer(c, n) \
  (initiator[c] == (n) -> welcome_epoch[c] : hello_epoch[c])

#ifdef BREAK_IGNORE_NEW_LIFE
#define later_life(a, b, n) false
#else
#define later_life(a, b, n) (epoch_of_peer(a, n) != epoch_of_peer(b, n))
#endif
#ifdef BREAK_IGNORE_PREV
#define lost_the_old(a, b) false
#else
#define lost_the_old(a, b) (hello_prev[a] == (b))
#endif
#ifdef BREAK_EACH_KEEPS_ITS_OWN
#define wins(a, n) (initiator[a] == (n))
#else
#define wins(a, n) (initiator[a] == 0)
#endif
#ifdef BREAK_TRUST_SLOW_ONES
#define is_over(c, n) false
#else
#define is_over(c, n) \
  (peer_epoch[n] != 0 && peer_epoch[n] != epoch_of_peer(c, n) && \
   spoke[at(c, n)] < since[n])
#endif

#define replaces(a, b, n) \
  (later_life(a, b, n) || initiator[a] == initiator[b] || \
   lost_the_old(a, b) || wins(a, n))

inline give_up(c, n, kept, kept_epoch) {
  /* The other end does not give up that for this. */
  assert(kept == NONE || given_up_for[at(kept, 1 - n)] != c);
  given_up_for[at(c, n)] = kept;
  reason = (epoch_of_peer(c, n) == kept_epoch -> SUPERSEDED : DISPLACED);
  send(c, n, reason);
  phase[at(c, n)] = LEAVING
}

/* The end has opened the other's resume. */
inline establish(c, n) {
  /* Somebody was there who holds the key of the other node. */
  assert(!replayed[c]);
  /* Whoever is proven finds what it was told of. */
  assert(known[n]);
  assert(epoch[n] == (initiator[c] == n -> hello_epoch[c] : welcome_epoch[c]));
  other_epoch = epoch_of_peer(c, n);
  find_current(n);
  if
  :: is_over(c, n) -> give_up(c, n, current, peer_epoch[n])
  :: else ->
     if
     :: current != NONE && !replaces(c, current, n) ->
        /* What the other end has lost, in this life or one before, does not
         * keep it from coming again. */
        assert(hello_prev[c] != current);
        assert(other_epoch <= epoch_of_peer(current, n));
        give_up(c, n, current, other_epoch)
     :: else ->
        if
        :: current != NONE -> give_up(current, n, c, other_epoch)
        :: else
        fi;
        if
        :: peer_epoch[n] != other_epoch ->
           /* A life of the peer that has ended does not come back. */
           assert(other_epoch > peer_epoch[n]);
           peer_epoch[n] = other_epoch;
           since[n] = spoke[at(c, n)]
        :: else
        fi;
        phase[at(c, n)] = CURRENT;
        last[n] = c
     fi
  fi
}

/* Of several attempts only the first one that is answered is completed. */
inline drop_other_attempts(c, n) {
  i = 0;
  do
  :: i < CONNECTIONS ->
     if
     :: i != c && phase[at(i, n)] == DIALLING -> close(i, n)
     :: else
     fi;
     i++
  :: else -> break
  od
}

inline handle_hello(c, n) {
  /* One is read by a responder that has no such connection yet. */
  choose_epoch(n, welcome_epoch[c]);
  phase[at(c, n)] = ANSWERED;
  speak(c, n);
  send(c, n, WELCOME);
#ifdef BREAK_TRUST_REQUESTS
  begin_state(n, welcome_epoch[c]);
  send(c, n, RESUME);
  establish(c, n)
#endif
}

inline handle_proof(c, n) {
  begin_state(n, welcome_epoch[c]);
  send(c, n, RESUME);
  establish(c, n)
}

inline handle_welcome(c, n) {
  phase[at(c, n)] = CONFIRMING;
  speak(c, n);
  drop_other_attempts(c, n);
  send(c, n, RESUME)
}

inline handle_frame(c, n) {
  wire[at(c, 1 - n)] ? frame;
  if
  :: phase[at(c, n)] == UNUSED ->
     assert(frame == HELLO);
     handle_hello(c, n)
  :: phase[at(c, n)] == DIALLING ->
     assert(frame == WELCOME);
     handle_welcome(c, n)
  :: phase[at(c, n)] == ANSWERED ->
     if
     :: frame == RESUME -> handle_proof(c, n)
#ifdef BREAK_NO_FRESH_KEY
     :: frame == REPLAYED_RESUME -> handle_proof(c, n)
#endif
     :: else -> close(c, n)
     fi
  :: phase[at(c, n)] == CONFIRMING ->
     assert(frame == RESUME);
     establish(c, n)
  :: phase[at(c, n)] == CURRENT ->
#ifdef BREAK_TRUST_REQUESTS
     if
     :: frame == SUPERSEDED || frame == DISPLACED ->
        send(c, n, frame);
        close(c, n)
     :: else
     fi
#else
     /* Nobody shares its key here: no living node is told that one does. */
     assert(frame == SUPERSEDED);
     send(c, n, frame);
     close(c, n)
#endif
  :: phase[at(c, n)] == LEAVING ->
     if
     :: frame == RESUME
     :: else ->
        assert(frame == SUPERSEDED);
        close(c, n)
     fi
  fi
}

#define is_open(c, n) \
  (phase[at(c, n)] >= DIALLING && phase[at(c, n)] <= LEAVING)

/* The end learns that there is nothing more to come: all was read, or something
 * was lost on the way. */
#define may_end(c, n) \
  (is_open(c, n) && \
   (dead[at(c, 0)] || dead[at(c, 1)]) && \
   (phase[at(c, 1 - n)] != CLOSED || len(wire[at(c, 1 - n)]) == 0 || \
       dead[at(c, 1 - n)]))

#define may_read(c, n) \
  (len(wire[at(c, 1 - n)]) > 0 && phase[at(c, n)] != CLOSED)

inline begin(n) {
  initiator[used] = n;
  hello_epoch[used] = epoch[n];
  hello_prev[used] = last[n];
  phase[at(used, n)] = DIALLING;
  send(used, n, HELLO);
  printf("%d: node %d dials\n", used, n);
  used++
}

inline dial(n) {
  choose_epoch(n, other_epoch);
  begin_state(n, other_epoch);
  begin(n)
}

/* Whether there is a connection, or about to be; or an attempt. */
#define has(c, n) \
  (phase[at(c, n)] == CURRENT || phase[at(c, n)] == CONFIRMING || \
   phase[at(c, n)] == DIALLING)

#define remembers(c, n) (is_open(c, n) && phase[at(c, n)] != ANSWERED)
#ifdef BREAK_FORGET_WHAT_WAS_TOLD
#define is_bound(c, n) false
#else
#define is_bound(c, n) (phase[at(c, n)] == ANSWERED)
#endif

#if CONNECTIONS == 3
#define any(property, n) (property(0, n) || property(1, n) || property(2, n))
#elif CONNECTIONS == 4
#define any(property, n) \
  (property(0, n) || property(1, n) || property(2, n) || property(3, n))
#else
#define any(property, n) \
  (property(0, n) || property(1, n) || property(2, n) || property(3, n) || \
   property(4, n))
#endif

inline forget(n) {
  known[n] = false;
  epoch[n] = 0;
  peer_epoch[n] = 0;
  since[n] = 0;
  last[n] = NONE
}

inline restart(n) {
  i = 0;
  do
  :: i < used ->
     close(i, n);
     dead[at(i, n)] = true;
     i++
  :: else -> break
  od;
  forget(n)
}

inline step(c, n) {
  d_step {
    may_read(c, n) ->
    handle_frame(c, n);
    printf("%d: node %d reads %d, is %d\n", c, n, frame, phase[at(c, n)])
  }
}

inline lose(c, n) {
  d_step {
    may_end(c, n) ->
    printf("%d: node %d loses it, was %d\n", c, n, phase[at(c, n)]);
    close(c, n)
  }
}

/* Somebody sends again what node n has said on connection c. */
inline replay(c) {
  d_step {
    replays > 0 && c < used && used < CONNECTIONS && !replayed[c] ->
    replays--;
    initiator[used] = initiator[c];
    replayed[used] = true;
    hello_epoch[used] = hello_epoch[c];
    hello_prev[used] = hello_prev[c];
    wire[at(used, initiator[c])] ! HELLO;
    wire[at(used, initiator[c])] ! REPLAYED_RESUME;
    phase[at(used, initiator[c])] = CLOSED;
    dead[at(used, 1 - initiator[c])] = true;
    used++
  }
}

inline cut(c, n) {
  d_step {
    cuts > 0 && c < used && !dead[at(c, n)] &&
    phase[at(c, 0)] != CLOSED && phase[at(c, 1)] != CLOSED ->
    cuts--;
    printf("%d: what node %d says is lost\n", c, n);
    dead[at(c, n)] = true
  }
}

active [2] proctype node() {
end:
  do
  :: step(0, _pid)
  :: step(1, _pid)
  :: step(2, _pid)
#if CONNECTIONS > 3
  :: step(3, _pid)
#endif
#if CONNECTIONS > 4
  :: step(4, _pid)
#endif
  :: lose(0, _pid)
  :: lose(1, _pid)
  :: lose(2, _pid)
#if CONNECTIONS > 3
  :: lose(3, _pid)
#endif
#if CONNECTIONS > 4
  :: lose(4, _pid)
#endif
  :: d_step { used < CONNECTIONS && !any(has, _pid) -> dial(_pid) }
  :: d_step { restarts > 0 && used > 0 -> restarts--; restart(_pid) }
  :: d_step {
       forgets > 0 && known[_pid] && !any(remembers, _pid) &&
       !any(is_bound, _pid) ->
       forgets--;
       forget(_pid)
     }
  od
}

active proctype network() {
end:
  do
  :: cut(0, 0)
  :: cut(0, 1)
  :: cut(1, 0)
  :: cut(1, 1)
  :: cut(2, 0)
  :: cut(2, 1)
  :: replay(0)
  :: replay(1)
  :: timeout ->
     /* Both keep the same connection, and nothing else is left. */
     d_step {
       find_current(0);
       j = current;
       find_current(1);
       assert(j == current)
     };
     assert(current != NONE || (used == CONNECTIONS && !ENOUGH));
     break
  od
}
