#include "bench/store_bench.h"
#include "initiator/json_writer.h"

namespace bench {
namespace {

void write_opening(initiator::JsonWriter& json,
                   uint64_t opening_ns,
                   uint64_t tail_bytes,
                   const store::RecoveryProgress& progress) {
    json.begin_object("opening");
    json.real("seconds", static_cast<double>(opening_ns) / 1e9);
    json.number("segmentsTotal", progress.segments_total);
    json.number("segmentsScanned", progress.segments_scanned);
    json.number("batchesReplayed", progress.batches_replayed);
    json.number("logTailBytes", tail_bytes);
    json.end_object();
}

// What the store did meanwhile.
void write_measured(initiator::JsonWriter& json,
                    const store::StoreStats& before,
                    const store::StoreStats& after) {
    json.begin_object("measured");
    json.number("hostBytesWritten", after.host_bytes_written - before.host_bytes_written);
    json.number("deviceBytesWritten", after.device_bytes_written - before.device_bytes_written);
    json.number("movedBytesWritten", after.moved_bytes_written - before.moved_bytes_written);
    json.number("indexBytesWritten", after.index_bytes_written - before.index_bytes_written);
    json.number("batches", after.batches - before.batches);
    json.number("flushes", after.flushes - before.flushes);
    json.number("checkpoints", after.checkpoints - before.checkpoints);
    json.number("indexHits", after.index_hits - before.index_hits);
    json.number("indexMisses", after.index_misses - before.index_misses);
    json.end_object();
}

// What it was at the end.
void write_store(initiator::JsonWriter& json, const store::StoreStats& stats) {
    json.begin_object("store");
    json.number("capacityBytes", stats.capacity_bytes);
    json.number("usedBytes", stats.used_bytes);
    json.number("liveBytes", stats.live_bytes);
    json.number("hostBytesWritten", stats.host_bytes_written);
    json.number("deviceBytesWritten", stats.device_bytes_written);
    json.number("checkpoints", stats.checkpoints);
    json.number("logTailBytes", stats.log_tail_bytes);
    json.number("indexBytes", stats.index_bytes);
    json.end_object();
}

}  // namespace

std::string StoreBench::report() const {
    const double seconds = static_cast<double>(measured_ns_) / 1e9;
    const double iops = seconds > 0 ? static_cast<double>(histogram_.count()) / seconds : 0;
    initiator::JsonWriter json;
    json.begin_object();
    json.text("verb", options_.verb);
    json.text("order", options_.order);
    json.number("ioBytes", options_.io_bytes);
    json.number("depth", options_.depth);
    json.text("durability", store_->durability() == store::Durability::flush ? "flush" : "none");
    json.boolean("direct", file_->direct());
    json.boolean("full", full_);
    json.number("deviceBytes", device_->geometry().bytes);
    json.real("seconds", seconds);
    json.number("operations", histogram_.count());
    json.real("iops", iops);
    json.real("bestIops", rate_.best());
    json.real("bytesPerSecond", iops * static_cast<double>(options_.io_bytes));
    histogram_.write(json, "latencyUs");
    write_opening(json, opening_ns_, opened_tail_bytes_, opened_.progress);
    write_measured(json, before_, after_);
    write_store(json, after_);
    json.end_object();
    return json.str();
}

}  // namespace bench
