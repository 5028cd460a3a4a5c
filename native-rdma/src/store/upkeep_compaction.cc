// When compaction runs, and which segment it goes through: of data, and of the index.
#include <algorithm>
#include <cmath>

#include "store/upkeep.h"

namespace store {

using base::Errc;
using base::Status;

namespace {

// Of what a segment holds, more than this alive is not worth moving.
constexpr uint32_t worth_numerator = 31;
constexpr uint32_t worth_denominator = 32;

}  // namespace

void Upkeep::consider_compaction() {
    const uint32_t margin = std::max(3u, parts_.segments.count() / 20);
    if (!compaction_possible() || (!waiting_ && coming_free() >= data_reserve() + margin)) {
        return;
    }
    const uint32_t victim = choose_victim();
    if (victim != Segments::none) {
        victim_live_ = parts_.segments.live(victim);
        compactor_.start(victim);
    }
}

bool Upkeep::compaction_possible() {
    return compactor_.idle() && !compaction_refused_ && !closing_ &&
           (compactor_.target_has_room() || may_take_segment());
}

// Cost-benefit (Rosenblum and Ousterhout, 1992): what becomes free, weighted by how long it is
// likely to stay so, for what has to be read and written. Of the age the root is taken: where all
// is overwritten alike it says nothing, and costs moves.
uint32_t Upkeep::choose_victim() const {
    const Segments& segments = parts_.segments;
    const uint32_t blocks = segments.layout().segment_blocks() - 1;
    uint32_t best = Segments::none;
    double best_score = 0;
    for (uint32_t segment = 0; segment < segments.count(); ++segment) {
        const uint32_t live = segments.live(segment);
        if (!segments.settled(segment) || live == 0 ||
            uint64_t{live} * worth_denominator > uint64_t{blocks} * worth_numerator ||
            segments.left_alone(segment, checkpointer_.number())) {
            continue;
        }
        const double used = static_cast<double>(live) / blocks;
        const auto age =
            static_cast<double>(segments.next_sequence() - segments.age_stamp(segment));
        const double score = (1 - used) * std::sqrt(age) / (1 + used);
        if (score > best_score) {
            best_score = score;
            best = segment;
        }
    }
    return best;
}

bool Upkeep::may_take_segment() {
    return parts_.segments.free_count() > index_reserve();
}

bool Upkeep::may_go_on() {
    return waiting_ || allowance_ > 0 || coming_free() <= data_reserve();
}

void Upkeep::compacted(uint32_t segment, Status status) {
    if (status.code() == Errc::no_space) {
        compaction_refused_ = true;
    } else if (status.code() != Errc::busy && holds_data(parts_.segments.state(segment)) &&
               parts_.segments.live(segment) > 0) {
        note_left(segment, status);
    }
    wake();
}

// What is left is being erased, or is owed by pages that the next checkpoint merges. Or it is
// damage: that of a batch, or blocks that only a lost image of the index named. Those a recount
// finds, once.
void Upkeep::note_left(uint32_t segment, Status status) {
    Segments& segments = parts_.segments;
    const bool owed = parts_.index.erasing_pages() > 0 ||
                      (parts_.index.owing_pages() > 0 && !segments.was_left_alone(segment));
    if (status.ok() && !owed && !closing_ && !stopped_ && recounter_.idle() &&
        !parts_.index.counts_exact()) {
        recounter_.start();
    }
    segments.leave_alone(segment, checkpointer_.number() + 2);
}

void Upkeep::recounted() {
    recount_given_up_ = !parts_.index.counts_exact();
    parts_.stats.recounts += recount_given_up_ ? 0 : 1;
    wake();
}

void Upkeep::compaction_failed(Status) {
    log_->latch();
}

// Images are written anew with every change, so that the index's segments wear thin: when they are
// three times as many as need be, or segments are short, the pages of the thinnest are moved.
void Upkeep::thin_index() {
    const Segments& segments = parts_.segments;
    const uint64_t blocks = segments.layout().segment_blocks() - 1;
    const uint64_t needed = parts_.index.page_count() / pages_per_block / blocks +
                            checkpointer_.blocks_needed() / blocks + 2;
    const uint64_t tolerated = short_of_segments() ? needed : 3 * needed;
    if (segments.index_count() <= tolerated || !mover_.idle() || stopped_ || closing_) {
        return;
    }
    uint32_t thinnest = Segments::none;
    for (uint32_t segment = 0; segment < segments.count(); ++segment) {
        if (segments.state(segment) == SegmentState::index && segments.closed(segment) &&
            (thinnest == Segments::none ||
             segments.stored_count(segment) < segments.stored_count(thinnest))) {
            thinnest = segment;
        }
    }
    if (thinnest != Segments::none) {
        mover_.start(thinnest);
    }
}

}  // namespace store
