/*
 * The rules of native-rdma/PROTOCOL.md for one placement group: configurations, leases, takeover,
 * joining. Each step is one message taken in, or one durable write. What is lost or late is a step
 * that is not taken yet, or never, so partitions and pauses are in it, too.
 *
 * Left out: an order among blocks (each is a write of its own: less than the channel promises),
 * fences, min-in-sync, and what catching up may spare (everything is copied). Clocks agree here;
 * PROTOCOL.md says by how much they may differ.
 *
 * A block holds 0 before its write and 1 after. Options: -DEPOCHS=4 -DWRITES=2 -DSTART=7
 * -DNO_CRASHES, and -DFAULT=... with one of these names, to see that it is found:
 */
#define NO_GRACE_WAIT 1          /* A new primary does not wait until its promises are over. */
#define ACK_BEFORE_BACKUP 2      /* A write is answered when it is durable on the primary. */
#define ACCEPT_OLD_EPOCH 3       /* A member takes writes of a lower epoch than its own. */
#define LEVEL_NOT_REQUIRED 4     /* A joining member is reported before it is required. */
#define LEVEL_BEFORE_ACK 5       /* And before it has the writes that took the place of copies. */
#define LEASES_OF_IN_SYNC_ONLY 6 /* A levelled member is required for acks, but not for leases. */
#define CRASH_FORGETS_PENDING 7  /* A restarted member says that nothing is pending. */
#ifndef FAULT
#define FAULT 0
#endif

#define NODES 3
#ifndef EPOCHS
#define EPOCHS 3
#endif
#ifndef WRITES
#define WRITES 1
#endif
#ifndef START
#define START 3 /* Who is in sync at first, as bits. */
#endif
#define LEASE 1 /* In ticks. */
#define GRACE 2

#define bit(x) (1 << (x))
#define has_bit(set, x) (((set) >> (x)) & 1)
#define pair(a, b) ((a) * NODES + (b))
#define for_all(step, a) step(a, 0); step(a, 1); step(a, 2)

/* Control: the configuration of each epoch. Who is not in sync is joining. */
byte current = 1;
byte primary_of[EPOCHS + 1];
byte in_sync_of[EPOCHS + 1];
byte level;    /* Members reported in the current epoch. */
byte answered; /* Blocks whose write was acknowledged, or read. */

/* A node. Durable: epoch, holds, pending. */
byte epoch[NODES];
byte holds[NODES];
byte pending[NODES];     /* Written above the commit point it knows. */
bit demoted[NODES];      /* It led until it adopted this epoch. */
byte promised[NODES];    /* Ticks for which it will not serve itself, as it granted a lease */
byte promised_to[NODES]; /* to this one; to itself: to several, or nobody knows any more. */

/* What it has as primary. */
#define none 0
#define taking_over 1
#define rewriting 2
#define serving 3
byte state[NODES];
byte collected[NODES]; /* Members that answered Prepare: their channels are open. */
byte unsettled[NODES]; /* What they have pending. */
byte log[NODES];       /* Blocks being written. */
byte landed[NODES];    /* Of those: durable here. */

/* What a primary has of each member, by pair(primary, member). */
#define copying 1
#define levelling 2
byte acked[NODES * NODES]; /* Blocks of the log that are durable there. */
byte lease[NODES * NODES];
byte catch_up[NODES * NODES];
byte to_copy[NODES * NODES]; /* A write counts as a copy, but only once it is durable there. */

#define leads(p) (state[p] != none)
#define in_sync(p, m) has_bit(in_sync_of[epoch[p]], m)
#define levelled(p, m) (catch_up[pair(p, m)] == levelling)
#define required(p, m) (in_sync(p, m) || (levelled(p, m) && FAULT != LEVEL_NOT_REQUIRED))
#define asked(p, m) (FAULT == LEASES_OF_IN_SYNC_ONLY -> in_sync(p, m) : required(p, m))
#define leased(p, m) (p == m || !asked(p, m) || lease[pair(p, m)] > 0)
#define may_serve(p) (state[p] == serving && leased(p, 0) && leased(p, 1) && leased(p, 2))
#define durable_on(p, m, b) \
    (p == m || !required(p, m) || has_bit(acked[pair(p, m)], b) || FAULT == ACK_BEFORE_BACKUP)
#define promises_over(p) (promised[p] == 0 || FAULT == NO_GRACE_WAIT)
#define accepts(m, p) \
    (epoch[m] == epoch[p] || (epoch[m] > epoch[p] && FAULT == ACCEPT_OLD_EPOCH))
/* The copy of a block that is being written would undo the write. */
#define left_to_copy(p, m) (levelled(p, m) -> to_copy[pair(p, m)] & ~log[p] : to_copy[pair(p, m)])
#define is_level(p, m) \
    (levelled(p, m) && (FAULT == LEVEL_BEFORE_ACK -> left_to_copy(p, m) : to_copy[pair(p, m)]) == 0)

inline forget_acks(p, m) { acked[pair(p, m)] = 0 }
inline forget_catch_up(p, m) { catch_up[pair(p, m)] = none; to_copy[pair(p, m)] = 0 }
inline forget_lease(p, m) { lease[pair(p, m)] = 0 }
inline forget_log(p) { log[p] = 0; landed[p] = 0; for_all(forget_acks, p) }

inline stop_leading(p) {
    forget_log(p); for_all(forget_catch_up, p); for_all(forget_lease, p);
    state[p] = none; collected[p] = 0; unsettled[p] = 0
}

/* A continuing primary's member in its next epoch, e. */
inline keep_member(p, m, e) {
    if
    :: has_bit(in_sync_of[e], m) -> forget_catch_up(p, m)
    :: !has_bit(in_sync_of[e], m) && in_sync(p, m) -> forget_acks(p, m)
    :: else
    fi
}

/* The epoch is durable before it is acted on: a crash before counts as not having heard of it. */
inline adopt(me, e) {
    if
    :: leads(me) && primary_of[e] == me ->
        keep_member(me, 0, e); keep_member(me, 1, e); keep_member(me, 2, e);
        collected[me] = bit(me);
        if
        :: state[me] == rewriting -> forget_log(me); state[me] = taking_over
        :: else
        fi
    :: else ->
        demoted[me] = leads(me); pending[me] = pending[me] | log[me];
        stop_leading(me);
        if
        :: primary_of[e] == me -> state[me] = taking_over; collected[me] = bit(me)
        :: else
        fi
    fi;
    epoch[me] = e
}

/* A restart: it is not known any more what was promised, nor what is committed. */
inline crash(me) {
    stop_leading(me);
    demoted[me] = 0; promised[me] = GRACE; promised_to[me] = me;
    pending[me] = (FAULT == CRASH_FORGETS_PENDING -> 0 : pending[me] | holds[me])
}

/* What was read for a copying member before a write landed does not have it. */
inline dirty(m, b) {
    to_copy[pair(me, m)] = to_copy[pair(me, m)] | (catch_up[pair(me, m)] == copying -> bit(b) : 0)
}

inline unack(m, b) { acked[pair(me, m)] = acked[pair(me, m)] & ~bit(b) }

/* A host's write, also one that is tried again here; it lands; it is committed; a host's read. */
#define block_steps(b) \
    :: atomic { may_serve(me) && !has_bit(log[me] | answered, b) -> log[me] = log[me] | bit(b) } \
    :: atomic { has_bit(log[me] & ~landed[me], b) -> \
        holds[me] = holds[me] | bit(b); landed[me] = landed[me] | bit(b); \
        pending[me] = pending[me] | bit(b); \
        dirty(0, b); dirty(1, b); dirty(2, b) } \
    :: atomic { has_bit(landed[me], b) && \
                durable_on(me, 0, b) && durable_on(me, 1, b) && durable_on(me, 2, b) -> \
        log[me] = log[me] & ~bit(b); landed[me] = landed[me] & ~bit(b); \
        unack(0, b); unack(1, b); unack(2, b); \
        if \
        :: state[me] == serving -> \
            answered = answered | bit(b); pending[me] = pending[me] & ~bit(b) \
        :: else \
        fi } \
    :: atomic { may_serve(me) && has_bit(holds[me] & ~log[me] & ~answered, b) -> \
        answered = answered | bit(b) }

#define adopt_step(e) :: atomic { epoch[me] < e && e <= current -> adopt(me, e) }

proctype Node(byte me) {
    do
    adopt_step(2)
#if EPOCHS > 2
    adopt_step(3)
#endif
#if EPOCHS > 3
    adopt_step(4)
#endif
    :: atomic { state[me] == taking_over && promises_over(me) &&
                (in_sync_of[epoch[me]] & ~collected[me]) == 0 ->
        forget_log(me);
        log[me] = unsettled[me] | pending[me]; landed[me] = log[me];
        pending[me] = log[me]; state[me] = rewriting }
    :: atomic { state[me] == rewriting && log[me] == 0 ->
        unsettled[me] = 0; pending[me] = 0; state[me] = serving }
    block_steps(0)
#if WRITES > 1
    block_steps(1)
#endif
#ifndef NO_CRASHES
    :: atomic { epoch[me] != 0 -> crash(me) }
#endif
    od
}

inline store(m, b, value) {
    holds[m] = (holds[m] & ~bit(b)) | ((value) << b); pending[m] = pending[m] | bit(b)
}

inline copied(p, m, b) { to_copy[pair(p, m)] = to_copy[pair(p, m)] & ~bit(b) }

/* Append of a write, or of the primary's own content in a takeover; Append of a copy. */
#define append_steps(b) \
    :: atomic { required(p, m) && has_bit(collected[p], m) && accepts(m, p) && \
                has_bit(log[p] & ~acked[pair(p, m)], b) -> \
        store(m, b, (state[p] == serving || has_bit(holds[p], b))); copied(p, m, b); \
        acked[pair(p, m)] = acked[pair(p, m)] | bit(b) } \
    :: atomic { has_bit(left_to_copy(p, m), b) && has_bit(collected[p], m) && accepts(m, p) -> \
        store(m, b, has_bit(holds[p], b)); copied(p, m, b) }

/* Messages between primary and member. A request and its answer are one step where an answer that
   is late is the same as one that is used late. No time passes on a lease's way: it is longest. */
proctype Link(byte p; byte m) {
    do
    :: atomic { leads(p) && epoch[m] == epoch[p] && !has_bit(collected[p], m) -> /* Prepare */
        collected[p] = collected[p] | bit(m);
        if
        :: state[p] == taking_over && in_sync(p, m) ->
            unsettled[p] = unsettled[p] | pending[m];
            promised[p] = (demoted[m] && promised_to[p] == m -> 0 : promised[p])
        :: else
        fi }
    :: atomic { leads(p) && epoch[m] == epoch[p] && required(p, m) && /* Heartbeat, Grant */
                (lease[pair(p, m)] < LEASE || promised[m] < GRACE) ->
        lease[pair(p, m)] = LEASE;
        promised_to[m] = (promised[m] > 0 && promised_to[m] != p -> m : p);
        promised[m] = GRACE;
        if
        :: state[p] == serving && in_sync(p, m) -> pending[m] = pending[m] & log[p]
        :: else
        fi }
    append_steps(0)
#if WRITES > 1
    append_steps(1)
#endif
    :: atomic { state[p] == serving && !in_sync(p, m) && has_bit(collected[p], m) &&
                catch_up[pair(p, m)] == none ->
        catch_up[pair(p, m)] = copying; to_copy[pair(p, m)] = bit(WRITES) - 1 }
    :: atomic { catch_up[pair(p, m)] == copying -> catch_up[pair(p, m)] = levelling }
    :: atomic { is_level(p, m) && epoch[p] == current && !has_bit(level, m) ->
        level = level | bit(m) }
    od
}

/* Compare-and-swap from one epoch to the next; a report of an older one is worth nothing. Whom to
   suspect, and when, is anybody's guess. */
inline decide(primary, in_sync_members) {
    primary_of[current + 1] = primary; in_sync_of[current + 1] = in_sync_members;
    level = 0; current++
}

#define now_in_sync in_sync_of[current]

proctype Control(byte m) {
    do
    :: atomic { current < EPOCHS && has_bit(now_in_sync, m) && primary_of[current] != m ->
        decide(primary_of[current], now_in_sync & ~bit(m)) }
    :: atomic { current < EPOCHS && has_bit(now_in_sync, m) && primary_of[current] != m ->
        decide(m, now_in_sync & ~bit(primary_of[current])) }
    :: atomic { current < EPOCHS && has_bit(now_in_sync, m) -> decide(m, now_in_sync) }
    :: atomic { current < EPOCHS && has_bit(level, m) ->
        decide(primary_of[current], now_in_sync | bit(m)) }
    od
}

inline count_down(timer) { timer = (timer > 0 -> timer - 1 : 0) }
inline count_lease(p, m) { count_down(lease[pair(p, m)]) }
inline tick(p) {
    count_down(promised[p]); for_all(count_lease, p);
    promised_to[p] = (promised[p] == 0 -> p : promised_to[p])
}

active proctype Time() {
    do
    :: atomic { promised[0] + promised[1] + promised[2] > 0 -> tick(0); tick(1); tick(2) }
    od
}

/* The promises: never set, so an assertion fails, under its name, when its step is possible. */
bool one_serves, all_copies_have_it, who_serves_has_it;

#define lost(m) ((answered & ~holds[m]) != 0)
#define lost_in_sync(m) (has_bit(now_in_sync, m) && lost(m))
#define lost_serving(m) (may_serve(m) && lost(m))

active proctype Promises() {
    if
    :: atomic { may_serve(0) + may_serve(1) + may_serve(2) > 1 -> assert(one_serves) }
    :: atomic { lost_in_sync(0) || lost_in_sync(1) || lost_in_sync(2) ->
        assert(all_copies_have_it) }
    :: atomic { lost_serving(0) || lost_serving(1) || lost_serving(2) ->
        assert(who_serves_has_it) }
    fi
}

init {
    atomic {
        primary_of[1] = 0; in_sync_of[1] = START;
        epoch[0] = 1; epoch[1] = 1; epoch[2] = 1;
        promised_to[1] = 1; promised_to[2] = 2;
        state[0] = taking_over; collected[0] = bit(0);
        run Node(0); run Node(1); run Node(2);
        run Link(0, 1); run Link(0, 2); run Link(1, 0);
        run Link(1, 2); run Link(2, 0); run Link(2, 1);
        run Control(0); run Control(1); run Control(2)
    }
}
