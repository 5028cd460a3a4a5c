#include "store/log_writer.h"

#include <algorithm>

#include "base/check.h"
#include "store/segment_writer.h"

namespace store {

using base::Errc;
using base::Status;

LogWriter::LogWriter(const LogParts& parts, Listener& listener)
    : parts_(parts), listener_(listener) {
    for (uint32_t made = 0; made < parts.batches_in_flight_max; ++made) {
        batches_.push_back(std::make_unique<LogBatch>());
        batches_.back()->writer = this;
        free_.push_back(*batches_.back());
    }
    task_.writer = this;
    task_.run = [](reactor::Task& task) { static_cast<SendTask&>(task).writer->turn(); };
}

LogWriter::~LogWriter() {
    CHECK(in_flight_.empty() && !task_.queued, "a log is closed before it is destroyed");
    while (free_.pop_front() != nullptr) {
    }
}

void LogWriter::advance(LogState to) {
    CHECK(may_move(state_, to), "the log's state moves only along its picture");
    state_ = to;
}

void LogWriter::start(const LogEnd& end) {
    end_ = end;
    durable_through_ = end.next_sequence - 1;
    acknowledged_incarnation_ = end.incarnation;
    acknowledged_version_ = end.last_version;
    acknowledged_clean_ = end.clean;
    log_bytes_ = end.log_bytes;
    advance(LogState::sealing);
    schedule();
}

void LogWriter::submit(WriteOp& op) {
    op.log_sequence = ++tickets_;
    writes_.push_back(op);
    schedule();
}

void LogWriter::submit(Store::DeleteOp& op) {
    op.log_sequence = ++tickets_;
    deletes_.push_back(op);
    schedule();
}

void LogWriter::close() {
    closing_ = true;
    schedule();
}

// What is submitted in one turn of the executor goes out together at its end.
void LogWriter::schedule() {
    if (!closed_told_) {
        parts_.executor.defer(task_);
    }
}

void LogWriter::turn() {
    switch (state_) {
        case LogState::stalled:
            if (waiting()) {
                advance(LogState::sealing);
                seal();
            }
            break;
        case LogState::sealing:
            seal();
            break;
        case LogState::writing:
            send();
            break;
        case LogState::failed:
            refuse_waiting(Status(Errc::device_failed));
            break;
        case LogState::idle:
        case LogState::draining:
            break;
    }
    settle();
}

void LogWriter::seal() {
    if (!in_flight_.empty()) {
        return;
    }
    if (parts_.segments.any_abandoned() || !parts_.reclaimer.idle()) {
        parts_.reclaimer.kick();
        return;
    }
    LogHead& head = end_.head;
    if (head.segment == Segments::none) {
        if (parts_.segments.free_count() == 0) {
            stall();
            return;
        }
        head = {parts_.segments.take(SegmentState::log), 0};
    }
    ++end_.incarnation;
    const bool last = head.block + 1 == parts_.layout.segment_blocks();
    send_empty(batch_begins | (last ? batch_closes : 0));
}

// There is no room to go on from; the next operation tries again.
void LogWriter::stall() {
    advance(LogState::stalled);
    refuse_waiting(Status(Errc::no_space));
    tell_ready(Status());
}

void LogWriter::send() {
    const uint64_t last = tickets_;
    while (!free_.empty() && waits(last) && send_one()) {
    }
}

// Whether an operation waits that came not after ticket `last`: one that is refused and comes back
// at once has its turn later.
bool LogWriter::waits(uint64_t last) {
    const WriteOp* write = writes_.front();
    const Store::DeleteOp* deletion = deletes_.front();
    return (write != nullptr && write->log_sequence <= last) ||
           (deletion != nullptr && deletion->log_sequence <= last);
}

bool LogWriter::write_first() {
    const WriteOp* write = writes_.front();
    const Store::DeleteOp* deletion = deletes_.front();
    return deletion == nullptr ||
           (write != nullptr && write->log_sequence < deletion->log_sequence);
}

// Blocks free in the head's segment, but for the one its closing batch may need.
uint32_t LogWriter::room() const {
    const LogHead& head = end_.head;
    return head.segment == Segments::none
               ? 0
               : parts_.layout.segment_blocks() - 1 - std::max(head.block, 1u);
}

// Sends one batch or refuses one operation; false when there is something to wait for first.
bool LogWriter::send_one() {
    const WriteOp* write = write_first() ? writes_.front() : nullptr;
    const bool data = write != nullptr && write->data != nullptr;
    const uint32_t data_blocks = data ? write->block_count : 0;
    if (header_blocks_for(1, data_blocks) + data_blocks > room()) {
        return obtain_segment(data);
    }
    const Admission::Answer answer =
        write == nullptr ? Admission::Answer::yes : parts_.admission.admit(*write);
    if (answer == Admission::Answer::full) {
        refuse_first(Status(Errc::no_space));
    } else if (answer == Admission::Answer::yes) {
        LogBatch& batch = begin_batch();
        gather(batch);
        send_batch(batch, 0);
    }
    return answer != Admission::Answer::wait;
}

// Ends the segment the log is in, or goes on in another one.
bool LogWriter::obtain_segment(bool data) {
    const Admission::Answer answer = parts_.admission.admit_segment(data);
    if (answer == Admission::Answer::full) {
        refuse_first(Status(Errc::no_space));
    } else if (answer == Admission::Answer::yes) {
        const uint32_t next = parts_.segments.take(SegmentState::log);
        if (end_.head.segment != Segments::none) {
            next_segment_ = next;
            send_empty(batch_closes);
            next_segment_ = no_segment;
        }
        end_.head = {next, 0};
    }
    return answer != Admission::Answer::wait;
}

void LogWriter::refuse_first(Status status) {
    if (write_first()) {
        WriteOp& op = *writes_.pop_front();
        op.done(op, status);
    } else {
        Store::DeleteOp& op = *deletes_.pop_front();
        op.done(op, status);
    }
}

// A device that must make each write durable does several at once in little more time than one:
// what waits is spread over the batches that may still be sent. Otherwise fewer batches are better.
uint32_t LogWriter::share() const {
    const uint32_t waiting = writes_.count() + deletes_.count();
    const uint32_t batches = parts_.write_verb == DeviceVerb::write_durable ? free_.count() + 1 : 1;
    return (waiting + batches - 1) / batches;
}

// The first operation has been admitted and fits.
void LogWriter::gather(LogBatch& batch) {
    const uint32_t space = room();
    for (uint32_t left = share(), taken = 0; left > 0; --left, ++taken) {
        const bool write = write_first();
        const bool data = write && writes_.front()->data != nullptr;
        const uint32_t blocks = batch.header.blocks_with(data ? writes_.front()->block_count : 0);
        // Writes come before deletions in a batch: a write behind a deletion begins the next.
        if (blocks == 0 || blocks > space || (write && !batch.deletes.empty())) {
            return;
        }
        if (write) {
            if (taken > 0 && parts_.admission.admit(*writes_.front()) != Admission::Answer::yes) {
                return;
            }
            WriteOp& op = *writes_.pop_front();
            batch.header.add(op);
            batch.writes.push_back(op);
            end_.last_version = std::max(end_.last_version, op.version);
            op.log_sequence = end_.next_sequence;
        } else {
            Store::DeleteOp& op = *deletes_.pop_front();
            batch.header.add(op);
            batch.deletes.push_back(op);
            op.log_sequence = end_.next_sequence;
        }
    }
}

LogBatch& LogWriter::begin_batch() {
    LogBatch& batch = *free_.pop_front();
    batch.header.begin();
    return batch;
}

void LogWriter::send_empty(uint32_t flags) {
    send_batch(begin_batch(), flags);
}

void LogWriter::send_batch(LogBatch& batch, uint32_t flags) {
    LogHead& head = end_.head;
    batch.begins_segment = head.block == 0;
    batch.before = batch.begins_segment ? LogHead{} : head;
    batch.segment = head.segment;
    batch.sequence = end_.next_sequence++;
    batch.flags = flags;
    batch.landed = false;
    batch.incarnation = end_.incarnation;
    batch.last_version = end_.last_version;
    const uint32_t first_block = std::max(head.block, 1u);
    batch.data_place =
        parts_.layout.place(head.segment, first_block + batch.header.header_blocks());
    finish_header(batch, first_block);
    head.block = first_block + batch.header.blocks();
    parts_.segments.batch_sent(batch.segment);
    if ((flags & batch_closes) != 0) {
        parts_.segments.close(batch.segment);
        head = {};
    }
    in_flight_.push_back(batch);
    log_bytes_ += batch.io.bytes;
    parts_.device.submit(batch.io);
}

// Headers and the vector over them and the operations' own data.
void LogWriter::finish_header(LogBatch& batch, uint32_t first_block) {
    BatchStamp stamp;
    stamp.store_id = parts_.store_id;
    stamp.log_sequence = batch.sequence;
    stamp.incarnation = end_.incarnation;
    stamp.segment_sequence = parts_.segments.sequence(batch.segment);
    stamp.durable_through = durable_through_;
    stamp.segment_block = first_block;
    stamp.flags = batch.flags;
    stamp.next_segment = next_segment_;
    stamp.last_version = end_.last_version;
    batch.header.finish(stamp);
    if (batch.begins_segment) {
        write_segment_header(batch.pages.get(),
                             {SegmentKind::log,
                              parts_.store_id,
                              stamp.segment_sequence,
                              batch.sequence,
                              durable_through_,
                              batch.segment});
    }
    const uint32_t skip = batch.begins_segment ? 0 : 1;
    DeviceIo& io = batch.io;
    batch.vector[0] = {batch.pages.get() + size_t{skip} * block_bytes,
                       size_t{1 - skip + batch.header.header_blocks()} * block_bytes};
    io.bytes = static_cast<uint32_t>(batch.vector[0].iov_len);
    io.vector_count = 1;
    for (WriteOp* op = batch.writes.front(); op != nullptr; op = batch.writes.after(*op)) {
        if (op->data != nullptr) {
            const size_t bytes = size_t{op->block_count} * block_bytes;
            batch.vector[io.vector_count++] = {const_cast<uint8_t*>(op->data), bytes};
            io.bytes += static_cast<uint32_t>(bytes);
        }
    }
    io.verb = parts_.write_verb;
    io.vector = batch.vector;
    io.offset = Layout::offset_of(
        parts_.layout.place(batch.segment, batch.begins_segment ? 0 : first_block));
    io.done = [](DeviceIo& done, Status status) {
        LogBatch& landed = *static_cast<LogBatch::Io&>(done).batch;
        landed.writer->landed(landed, status);
    };
}

LogPosition LogWriter::position() {
    LogPosition position;
    const LogBatch* first = in_flight_.front();
    const LogHead head = first == nullptr ? end_.head : first->before;
    const uint32_t segment =
        first != nullptr && head.segment == Segments::none ? first->segment : head.segment;
    position.segment_sequence = segment == Segments::none ? parts_.segments.next_sequence()
                                                          : parts_.segments.sequence(segment);
    position.segment = segment;
    position.block = head.block;  // 0: it is not begun yet.
    position.next_sequence = durable_through_ + 1;
    position.incarnation = acknowledged_incarnation_;
    position.last_version = acknowledged_version_;
    position.clean = acknowledged_clean_;
    position.log_bytes = log_bytes_;
    for (LogBatch* batch = in_flight_.front(); batch != nullptr; batch = in_flight_.after(*batch)) {
        position.log_bytes -= batch->io.bytes;
    }
    return position;
}

void LogWriter::refuse_waiting(Status status) {
    const uint64_t last = tickets_;
    while (waits(last)) {
        refuse_first(status);
    }
}

void LogWriter::reclaimed() {
    schedule();
    listener_.log_moved();
}

void LogWriter::reclaim_failed(Status status) {
    if (status.code() != Errc::no_space) {
        fail();
        drop_landed();
    } else if (state_ == LogState::sealing) {
        stall();
    }
    schedule();
    listener_.log_moved();
}

void LogWriter::tell_ready(Status status) {
    if (!ready_told_) {
        ready_told_ = true;
        listener_.log_ready(status);
    }
}

// The end of close(): all is at rest, the clean end is written where there is room for it.
void LogWriter::settle() {
    if (!closing_ || closed_told_ || !in_flight_.empty() || !writes_.empty() || !deletes_.empty() ||
        !parts_.reclaimer.idle()) {
        return;
    }
    if (state_ == LogState::writing && !clean_end_sent_ && room() > 0) {
        clean_end_sent_ = true;
        send_empty(batch_clean);
        return;
    }
    closed_told_ = true;
    listener_.log_closed();
}

}  // namespace store
