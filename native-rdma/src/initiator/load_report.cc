// What a load tells at its end.
#include "initiator/json_writer.h"
#include "initiator/load_generator.h"

namespace initiator {

namespace {

constexpr double nanoseconds_per_s = 1e9;

void write_direction(JsonWriter& json,
                     const char* name,
                     const Histogram& histogram,
                     const LoadOptions& options,
                     double seconds) {
    const auto count = static_cast<double>(histogram.count());
    const double per_second = seconds > 0 ? count / seconds : 0;
    json.begin_object(name);
    json.number("operations", histogram.count());
    json.real("iops", per_second);
    json.real("bytesPerSecond", per_second * static_cast<double>(options.block_bytes));
    histogram.write(json, "latencyUs");
    json.end_object();
}

}  // namespace

bool LoadGenerator::succeeded() const {
    return problem_.empty() && (written_ == nullptr || written_->wrong() == 0);
}

std::string LoadGenerator::report() const {
    const double seconds = static_cast<double>(measured_ns_) / nanoseconds_per_s;
    Histogram all = reads_;
    all.add(writes_);
    JsonWriter json;
    json.begin_object();
    json.text("subsystem", options_.subsystem_nqn);
    json.number("queues", host_.io_queue_count());
    json.number("depth", options_.depth);
    json.number("blockBytes", options_.block_bytes);
    json.number("readPercent", options_.read_percent);
    json.boolean("sequential", options_.sequential);
    json.real("seconds", seconds);
    json.real("bestIops", rate_.best());
    write_direction(json, "all", all, options_, seconds);
    write_direction(json, "reads", reads_, options_, seconds);
    write_direction(json, "writes", writes_, options_, seconds);
    json.real("longestGapMs", static_cast<double>(longest_gap_ns_) / 1e6);
    json.number("reconnects", reconnects_);
    json.number("lostCommands", lost_commands_);
    if (written_ != nullptr) {
        written_->write(json);
    }
    json.boolean("ok", succeeded());
    json.text("problem", problem_);
    json.end_object();
    return json.str();
}

}  // namespace initiator
