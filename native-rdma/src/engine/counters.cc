#include "engine/counters.h"

#include <array>

#include "base/check.h"
#include "base/limits.h"

namespace engine {
namespace {

constexpr std::array<const char*, volume::verb_count> verb_names = {
    "read", "write", "deallocate", "flush"};

// A name in pieces, so that reading the numbers builds no strings.
struct Name {
    const char* group;
    const char* verb = "";
    const char* what = "";
    uint64_t limit = 0;  // The last piece, when it is not 0.

    [[nodiscard]] std::string whole() const {
        return std::string(group) + verb + what + (limit != 0 ? std::to_string(limit) : "");
    }
};

template <typename Visitor>
void visit_verb(const CounterSources& sources, size_t verb, Visitor& visit) {
    uint64_t commands = 0;
    uint64_t bytes = 0;
    uint64_t errors = 0;
    uint64_t latency_ns = 0;
    std::array<uint64_t, volume::latency_bucket_count> latencies{};
    for (const auto& reactor : sources.reactors) {
        const volume::VerbMeter& meter = reactor->meter().verbs[verb];
        commands += meter.commands.get();
        bytes += meter.bytes.get();
        errors += meter.errors.get();
        latency_ns += meter.latency_ns.get();
        for (uint32_t bucket = 0; bucket < volume::latency_bucket_count; ++bucket) {
            latencies[bucket] += meter.latencies[bucket].get();
        }
    }
    const char* const name = verb_names[verb];
    visit({"host_", name, "_commands"}, commands);
    visit({"host_", name, "_bytes"}, bytes);
    visit({"host_", name, "_errors"}, errors);
    visit({"host_", name, "_latency_ns_sum"}, latency_ns);
    uint64_t up_to = 0;
    for (uint32_t bucket = 0; bucket < volume::latency_bucket_count; ++bucket) {
        up_to += latencies[bucket];
        visit({"host_", name, "_latency_ns_le_", volume::bucket_limit_ns(bucket)}, up_to);
    }
}

template <typename Visitor>
void visit_server(const transport::tcp::ServerCounters& server, Visitor& visit) {
    visit({"tcp_connections_now"}, server.connections);
    visit({"tcp_connections_accepted"}, server.accepted);
    visit({"tcp_connections_refused"}, server.refused);
    visit({"tcp_protocol_errors"}, server.protocol_errors);
    visit({"tcp_timeouts"}, server.timeouts);
    visit({"tcp_commands"}, server.commands);
    visit({"tcp_received_bytes"}, server.bytes_received);
    visit({"tcp_sent_bytes"}, server.bytes_sent);
}

void add(store::StoreStats& sum, const store::StoreStats& stats) {
    sum.capacity_bytes += stats.capacity_bytes;
    sum.used_bytes += stats.used_bytes;
    sum.live_bytes += stats.live_bytes;
    sum.erasing_bytes += stats.erasing_bytes;
    sum.log_tail_bytes += stats.log_tail_bytes;
    sum.index_bytes += stats.index_bytes;
    sum.index_hits += stats.index_hits;
    sum.index_misses += stats.index_misses;
    sum.host_bytes_written += stats.host_bytes_written;
    sum.device_bytes_written += stats.device_bytes_written;
    sum.moved_bytes_written += stats.moved_bytes_written;
    sum.index_bytes_written += stats.index_bytes_written;
    sum.batches += stats.batches;
    sum.flushes += stats.flushes;
    sum.checkpoints += stats.checkpoints;
    sum.checksum_errors += stats.checksum_errors;
    sum.scrub.passes += stats.scrub.passes;
    sum.scrub.blocks_read += stats.scrub.blocks_read;
    sum.scrub.blocks_total += stats.scrub.blocks_total;
    sum.scrub.blocks_damaged += stats.scrub.blocks_damaged;
}

template <typename Visitor>
void visit_stores(const CounterSources& sources, Visitor& visit) {
    store::StoreStats sum;
    uint64_t failed = 0;
    uint64_t scrubbing = 0;
    for (const auto& sampler : sources.samplers) {
        sampler->read([&](const Sample& sample) {
            for (const store::StoreStats& stats : sample.stores) {
                add(sum, stats);
                failed += stats.failed ? 1 : 0;
                scrubbing += stats.scrub.running ? 1 : 0;
            }
        });
    }
    visit({"store_capacity_bytes_now"}, sum.capacity_bytes);
    visit({"store_used_bytes_now"}, sum.used_bytes);
    visit({"store_live_bytes_now"}, sum.live_bytes);
    visit({"store_index_bytes_now"}, sum.index_bytes);
    visit({"store_failed_now"}, failed);
    visit({"store_host_written_bytes"}, sum.host_bytes_written);
    visit({"store_device_written_bytes"}, sum.device_bytes_written);
    visit({"store_batches"}, sum.batches);
    visit({"store_flushes"}, sum.flushes);
    visit({"store_checksum_errors"}, sum.checksum_errors);
    visit({"store_erasing_bytes_now"}, sum.erasing_bytes);
    visit({"store_log_tail_bytes_now"}, sum.log_tail_bytes);
    visit({"store_index_hits"}, sum.index_hits);
    visit({"store_index_misses"}, sum.index_misses);
    visit({"store_moved_written_bytes"}, sum.moved_bytes_written);
    visit({"store_index_written_bytes"}, sum.index_bytes_written);
    visit({"store_checkpoints"}, sum.checkpoints);
    visit({"store_scrubs_running_now"}, scrubbing);
    visit({"store_scrub_passes"}, sum.scrub.passes);
    visit({"store_scrub_read_blocks_now"}, sum.scrub.blocks_read);
    visit({"store_scrub_total_blocks_now"}, sum.scrub.blocks_total);
    visit({"store_scrub_damaged_blocks_now"}, sum.scrub.blocks_damaged);
}

template <typename Visitor>
void visit_reactors(const CounterSources& sources, Visitor& visit) {
    reactor::Reactor::Counters sum;
    for (const auto& thread : sources.reactors) {
        const reactor::Reactor::Counters counters = thread->reactor().counters();
        sum.turns += counters.turns;
        sum.completions += counters.completions;
        sum.submit_calls += counters.submit_calls;
        sum.sleeps += counters.sleeps;
        sum.busy_ns += counters.busy_ns;
    }
    visit({"reactor_turns"}, sum.turns);
    visit({"reactor_completions"}, sum.completions);
    visit({"reactor_submit_calls"}, sum.submit_calls);
    visit({"reactor_sleeps"}, sum.sleeps);
    visit({"reactor_busy_ns"}, sum.busy_ns);
}

template <typename Visitor>
void visit_samples(const CounterSources& sources, Visitor& visit) {
    Sample sum;
    uint64_t pool_bytes = 0;
    uint64_t primaries = 0;
    uint64_t serving = 0;
    uint64_t blocks_to_copy = 0;
    for (const auto& thread : sources.reactors) {
        pool_bytes += thread->pool().bytes();
    }
    for (const auto& sampler : sources.samplers) {
        sampler->read([&](const Sample& sample) {
            sum.pool_free_bytes += sample.pool_free_bytes;
            sum.pool_waiting += sample.pool_waiting;
            sum.parts_in_flight += sample.parts_in_flight;
            sum.parts_waiting += sample.parts_waiting;
            sum.parts_retried += sample.parts_retried;
            for (const router::GroupView& group : sample.groups) {
                primaries += group.state == replication::Replica::State::primary ? 1 : 0;
                serving += group.serving ? 1 : 0;
                blocks_to_copy += group.blocks_to_copy;
            }
        });
    }
    visit({"pool_bytes_now"}, pool_bytes);
    visit({"pool_free_bytes_now"}, sum.pool_free_bytes);
    visit({"pool_waiting_commands_now"}, sum.pool_waiting);
    visit({"shard_parts_in_flight_now"}, sum.parts_in_flight);
    visit({"shard_parts_waiting_now"}, sum.parts_waiting);
    visit({"shard_parts_retried"}, sum.parts_retried);
    visit({"groups_led_now"}, primaries);
    visit({"groups_served_now"}, serving);
    visit({"groups_to_copy_blocks_now"}, blocks_to_copy);
}

template <typename Visitor>
void visit_network(const peer::NetworkCounters& network, Visitor& visit) {
    visit({"peer_connections_now"}, network.connections);
    visit({"peer_sent_frames"}, network.frames_sent);
    visit({"peer_received_frames"}, network.frames_received);
    visit({"peer_sent_bytes"}, network.bytes_sent);
    visit({"peer_received_bytes"}, network.bytes_received);
    visit({"peer_dropped_messages"}, network.messages_dropped);
    visit({"peer_put_off_requests"}, network.requests_put_off);
}

// One order for the names and the numbers.
template <typename Visitor>
void visit_all(const CounterSources& sources, Visitor visit) {
    for (size_t verb = 0; verb < volume::verb_count; ++verb) {
        visit_verb(sources, verb, visit);
    }
    visit_server(sources.server, visit);
    visit_stores(sources, visit);
    visit_reactors(sources, visit);
    visit_samples(sources, visit);
    visit({"volumes_attached_now"}, sources.volumes);
    visit_network(sources.network, visit);
}

}  // namespace

const std::vector<std::string>& counter_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list;
        visit_all({}, [&list](const Name& name, uint64_t) { list.push_back(name.whole()); });
        return list;
    }();
    return names;
}

void read_counters(const CounterSources& sources, std::span<uint64_t> counters) {
    CHECK(counters.size() == counter_names().size(), "a place for each counter");
    size_t index = 0;
    visit_all(sources, [&](const Name&, uint64_t value) { counters[index++] = value; });
}

}  // namespace engine
