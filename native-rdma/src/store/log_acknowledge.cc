// The log's way back: batches land, are acknowledged in the order of the log, or are unmade.
#include <vector>

#include "store/log_writer.h"

namespace store {

using base::Errc;
using base::Status;

void LogWriter::landed(LogBatch& batch, Status status) {
    batch.landed = true;
    batch.status = status;
    if (status.ok()) {
        ++parts_.stats.batches;
        parts_.stats.flushes += parts_.write_verb == DeviceVerb::write_durable ? 1 : 0;
        parts_.stats.device_bytes_written += batch.io.bytes;
    } else if (status.code() != Errc::no_space) {
        fail();
    } else if (state_ == LogState::writing || state_ == LogState::sealing) {
        advance(LogState::draining);
    }
    if (failed()) {
        drop_landed();
    } else {
        acknowledge();
    }
    schedule();
}

void LogWriter::acknowledge() {
    while (!in_flight_.empty() && in_flight_.front()->landed && in_flight_.front()->status.ok()) {
        LogBatch& batch = *in_flight_.pop_front();
        durable_through_ = batch.sequence;
        acknowledged_incarnation_ = batch.incarnation;
        acknowledged_version_ = batch.last_version;
        acknowledged_clean_ = (batch.flags & batch_clean) != 0;
        apply(batch);
        parts_.segments.batch_settled(batch.segment);
        const bool sealed = (batch.flags & batch_begins) != 0;
        if (sealed && state_ == LogState::sealing) {
            advance(LogState::writing);
        }
        complete(batch, Status());
        if (sealed) {
            tell_ready(Status());
        }
    }
    listener_.log_moved();
    if (state_ == LogState::draining && all_landed()) {
        rewind();
    }
}

void LogWriter::apply(LogBatch& batch) {
    Place place = batch.data_place;
    for (WriteOp* op = batch.writes.front(); op != nullptr; op = batch.writes.after(*op)) {
        if (op->data == nullptr) {
            parts_.index.erase(op->extent, op->first_block, op->block_count);
            continue;
        }
        parts_.index.set(
            op->extent, op->first_block, op->block_count, place, op->block_crcs, op->version);
        place += op->block_count;
        parts_.stats.host_bytes_written += uint64_t{op->block_count} * block_bytes;
    }
    for (auto* op = batch.deletes.front(); op != nullptr; op = batch.deletes.after(*op)) {
        parts_.index.erase_volume(op->volume);
    }
}

void LogWriter::complete(LogBatch& batch, Status status) {
    while (WriteOp* op = batch.writes.pop_front()) {
        parts_.admission.settled(*op);
        op->done(*op, status);
    }
    while (Store::DeleteOp* op = batch.deletes.pop_front()) {
        op->done(*op, status);
    }
    free_.push_back(batch);
}

bool LogWriter::all_landed() {
    for (LogBatch* batch = in_flight_.front(); batch != nullptr; batch = in_flight_.after(*batch)) {
        if (!batch->landed) {
            return false;
        }
    }
    return true;
}

// The file system took the first batch in flight away: what follows it is unmade, newest first.
void LogWriter::rewind() {
    const LogBatch& first = *in_flight_.front();
    if (end_.head.segment != Segments::none && end_.head.block == 0) {
        parts_.segments.abandon(end_.head.segment);  // Nothing was sent to it.
    }
    end_.head = first.before;
    end_.next_sequence = first.sequence;
    std::vector<LogBatch*> unmade;
    for (LogBatch* batch = in_flight_.front(); batch != nullptr; batch = in_flight_.after(*batch)) {
        unmade.push_back(batch);
    }
    for (auto batch = unmade.rbegin(); batch != unmade.rend(); ++batch) {
        if (((*batch)->flags & batch_closes) != 0) {
            parts_.segments.reopen((*batch)->segment);
        }
        parts_.segments.batch_settled((*batch)->segment);
        if ((*batch)->begins_segment) {
            parts_.segments.abandon((*batch)->segment);
        }
    }
    while (LogBatch* batch = in_flight_.pop_front()) {
        complete(*batch, Status(Errc::no_space));
    }
    stall();
}

void LogWriter::fail() {
    if (!failed()) {
        advance(LogState::failed);
        parts_.stats.failed = true;
        tell_ready(Status(Errc::device_failed));
        listener_.log_moved();
    }
}

void LogWriter::latch() {
    fail();
    drop_landed();
    schedule();
}

// Their memory is the device's until they land.
void LogWriter::drop_landed() {
    LogBatch* next = nullptr;
    for (LogBatch* batch = in_flight_.front(); batch != nullptr; batch = next) {
        next = in_flight_.after(*batch);
        if (batch->landed) {
            in_flight_.remove(*batch);
            complete(*batch, Status(Errc::device_failed));
        }
    }
}

}  // namespace store
