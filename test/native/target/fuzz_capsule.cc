// Hostile capsules against a live controller with a namespace in memory: whatever comes, each
// command is answered once, with no more data than it asked for, and every connection can end.
//
// An input is a sequence of records:
//   1 byte   bits 1:0: which connection; bit 2: it ends first, and begins anew;
//            bit 3: what is under way goes on before the next record
//   64 bytes the command
//   1 byte   n, then n bytes of data, repeated as long as the command takes data
//
// Everything runs on the fuzzer's thread, which is the reactor's while an input is run.
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "nvme/fabrics.h"
#include "nvme/opcodes.h"
#include "nvme/properties.h"
#include "nvme/status.h"
#include "reactor/reactor.h"
#include "target/target.h"
#include "volume/ram_backing.h"

namespace {

constexpr const char* volume_nqn = "nqn.2024-01.org.ashlar:volume:one";
constexpr const char* host_nqn = "nqn.2014-08.org.nvmexpress:uuid:host-one";
constexpr uint64_t block_count = 512;
constexpr uint32_t turns_max = 100'000;
constexpr uint32_t connections = 4;
enum : uint32_t { fresh = 0, admin = 1, io = 2, discovery = 3 };

struct Connection;

struct Slot final : target::Request {
    Connection* connection = nullptr;
    std::unique_ptr<uint8_t, decltype(&std::free)> memory{nullptr, &std::free};
    bool answered = false;
};

struct Connection final : target::Queue {
    std::vector<std::unique_ptr<Slot>> slots;
    bool leaving = false;
};

const target::TransportOps ops = {
    .respond =
        [](target::Request& request) {
            auto& slot = static_cast<Slot&>(request);
            const bool failed = slot.completion.status != 0;
            CHECK(!slot.answered, "a command is answered once");
            CHECK(slot.completion.command_id == slot.command.command_id, "its id comes back");
            CHECK((slot.completion.status & 1) == 0, "there is no phase bit");
            CHECK(
                slot.response_bytes == 0 || (!failed && slot.response_bytes <= slot.transfer_bytes),
                "no data but what was asked for");
            slot.answered = true;
            slot.memory.reset();
        },
    .disconnect = [](target::Queue& queue) { static_cast<Connection&>(queue).leaving = true; },
};

// What all inputs share; it lives as long as the process.
struct World {
    World() {
        reactor::Options options;
        options.poll_us = 0;
        reactor = std::move(reactor::Reactor::create(options).value());
        region = std::move(volume::RamRegion::create(block_count).value());
        backing = std::make_unique<volume::RamBacking>(*region, *reactor);
        target::TargetOptions target_options;
        target_options.firmware_revision = "fuzz";
        target = std::make_unique<target::Target>(target_options, std::vector{reactor.get()});
        target::SubsystemConfig config;
        config.nqn = volume_nqn;
        config.serial = "fuzz";
        config.allowed_hosts = {host_nqn};
        config.block_count = block_count;
        config.backings = {backing.get()};
        CHECK(target->put_subsystem(config, [] {}).ok(), "the volume is there");
        CHECK(target->set_discovery({{host_nqn, volume_nqn, "10.0.0.1", 4420}}).ok(),
              "it can be discovered");
    }
    std::unique_ptr<reactor::Reactor> reactor;
    std::unique_ptr<volume::RamRegion> region;
    std::unique_ptr<volume::RamBacking> backing;
    std::unique_ptr<target::Target> target;
};

World& world() {
    static auto* const only = new World;
    return *only;
}

// One input, a record or more a turn.
class Run final : public reactor::Task {
  public:
    explicit Run(std::span<const uint8_t> input) : input_(input) {
        run = [](reactor::Task& task) { static_cast<Run&>(task).turn(); };
    }

  private:
    void turn() {
        CHECK(++turns_ < turns_max, "every input comes to its end");
        reap();
        while (!ending_ && !input_.empty()) {
            if (record()) {
                world().reactor->defer(*this);
                return;
            }
        }
        ending_ = true;
        for (auto& connection : open_) {
            close(connection);
        }
        if (closing_.empty()) {
            world().reactor->stop();
        } else {
            world().reactor->defer(*this);
        }
    }

    // True when what is under way shall go on first.
    bool record() {
        const uint8_t control = take(1).empty() ? 0 : taken_[0];
        std::unique_ptr<Connection>& connection = open_[control & 3];
        if ((control & 4) != 0) {
            close(connection);
        }
        nvme::Command command{};
        const std::span<const uint8_t> bytes = take(sizeof command);
        std::memcpy(static_cast<void*>(&command), bytes.data(), bytes.size());
        const std::span<const uint8_t> length = take(1);
        const std::span<const uint8_t> data = take(length.empty() ? 0 : length[0]);
        if (connection == nullptr) {
            open(control & 3);
        }
        send(*connection, command, data);
        return (control & 8) != 0;
    }

    std::span<const uint8_t> take(size_t bytes) {
        taken_ = input_.first(std::min(bytes, input_.size()));
        input_ = input_.subspan(taken_.size());
        return taken_;
    }

    void open(uint32_t which) {
        open_[which] = std::make_unique<Connection>();
        Connection& connection = *open_[which];
        connection.ops = &ops;
        connection.target = world().target.get();
        connection.reactor = world().reactor.get();
        if (which == admin || which == discovery) {
            connect(connection, 0, which == discovery ? nvme::discovery_nqn : volume_nqn);
            set_enabled(connection);
        } else if (which == io) {
            if (open_[admin] == nullptr) {
                open(admin);
            }
            connect(connection, 1, volume_nqn);
        }
    }

    void connect(Connection& connection, uint16_t queue_id, std::string_view subsystem) {
        nvme::ConnectCommand connect{};
        connect.opcode = nvme::fabrics_opcode;
        connect.type = static_cast<uint8_t>(nvme::FabricsType::connect);
        connect.queue_id = queue_id;
        connect.entries_less_one = 31;
        nvme::ConnectData data{};
        data.controller_id = queue_id == 0 ? nvme::controller_id_dynamic : controller_id_;
        std::memcpy(data.subsystem_nqn, subsystem.data(), subsystem.size());
        std::memcpy(data.host_nqn, host_nqn, std::strlen(host_nqn));
        nvme::Command command;
        std::memcpy(static_cast<void*>(&command), &connect, sizeof command);
        const Slot& slot =
            send(connection, command, {reinterpret_cast<const uint8_t*>(&data), sizeof data});
        if (queue_id == 0 && subsystem == volume_nqn) {
            controller_id_ = static_cast<uint16_t>(slot.completion.result);
        }
    }

    void set_enabled(Connection& connection) {
        nvme::PropertyCommand set{};
        set.opcode = nvme::fabrics_opcode;
        set.type = static_cast<uint8_t>(nvme::FabricsType::property_set);
        set.offset = nvme::property_cc;
        set.value = nvme::cc_enable | nvme::cc_sq_entry_64 | nvme::cc_cq_entry_16;
        nvme::Command command;
        std::memcpy(static_cast<void*>(&command), &set, sizeof command);
        send(connection, command, {});
    }

    // As a transport does it: dispatch, a buffer of just the size, the host's data, execute.
    static Slot& send(Connection& connection,
                      const nvme::Command& command,
                      std::span<const uint8_t> data) {
        connection.slots.push_back(std::make_unique<Slot>());
        Slot& slot = *connection.slots.back();
        slot.command = command;
        slot.queue = &connection;
        if (!connection.target->dispatch(slot)) {
            CHECK(slot.answered && slot.completion.status != 0, "a refusal is an answer");
            return slot;
        }
        const uint32_t bytes = slot.transfer_bytes;
        CHECK((slot.direction == target::DataDirection::none) == (bytes == 0),
              "a direction goes with data");
        CHECK(bytes <= base::limits::transfer_bytes_max, "a transfer has its limit");
        if (bytes > 0) {
            void* memory = nullptr;
            CHECK(posix_memalign(&memory, 4096, bytes) == 0, "there is memory");
            slot.memory.reset(static_cast<uint8_t*>(memory));
            slot.buffer = {slot.memory.get(), bytes};
            for (uint32_t index = 0; index < bytes; ++index) {
                slot.memory.get()[index] = data.empty() ? 0 : data[index % data.size()];
            }
        }
        slot.execute(slot);
        return slot;
    }

    void close(std::unique_ptr<Connection>& connection) {
        if (connection != nullptr) {
            connection->target->queue_closing(*connection);
            closing_.push_back(std::move(connection));
        }
    }

    // Ends what the target wants ended, and frees what has ended.
    void reap() {
        for (auto& connection : open_) {
            if (connection != nullptr && connection->leaving) {
                close(connection);
            }
        }
        std::erase_if(closing_, [](const std::unique_ptr<Connection>& connection) {
            if (connection->outstanding > 0) {
                return false;
            }
            for (const auto& slot : connection->slots) {
                CHECK(slot->answered, "nothing is left unanswered");
            }
            connection->target->queue_closed(*connection);
            return true;
        });
    }

    std::span<const uint8_t> input_;
    std::span<const uint8_t> taken_;
    std::array<std::unique_ptr<Connection>, connections> open_;
    std::vector<std::unique_ptr<Connection>> closing_;
    uint16_t controller_id_ = 0;
    uint32_t turns_ = 0;
    bool ending_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Run run({data, size});
    world().reactor->post(run);
    world().reactor->run();
    return 0;
}
