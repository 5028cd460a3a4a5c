// One queue of a controller as the host holds it: a TCP connection, the commands on it, their data.
//
//   idle ──open()──▶ dialling ──TCP──▶ negotiating ──ICResp──▶ joining ──Connect──▶ live
//                        └──────────────────┴── refused, broken, late, close() ──────┴──▶ closing
//   closing ──nothing in flight──▶ idle
//
// Commands submitted in one turn leave in one send; at most one send and one receive are in flight.
// Split by phase: queue.cc (its life), queue_send.cc, queue_receive.cc.
//
// Thread: one reactor. Lifetime: the owner's; only while idle may it be destroyed, and then from
// inside Owner::queue_closed too. Nothing is allocated after open().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <sys/socket.h>
#include <sys/uio.h>
#include <vector>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/limits.h"
#include "base/status.h"
#include "initiator/commands.h"
#include "initiator/io.h"
#include "initiator/request_writer.h"
#include "initiator/response_reader.h"
#include "reactor/reactor.h"

namespace initiator {

struct QueueOptions {
    std::string address;  // Numeric, IPv4 or IPv6.
    uint16_t port = 0;
    std::string subsystem_nqn;
    std::string host_nqn;
    base::Uuid host_id{};
    uint16_t id = 0;  // 0 is the admin queue.
    uint16_t entries = base::limits::admin_queue_entries;
    uint16_t controller_id = nvme::controller_id_dynamic;
    uint32_t keep_alive_ms = 0;  // The admin queue's; 0 for none.
    bool header_digest = false;
    bool data_digest = false;
    uint8_t alignment = 0;  // Of data we receive: (n + 1) x 4 bytes.
    uint32_t in_capsule_bytes = base::limits::in_capsule_bytes;  // The controller's IOCCSZ.
    // For each step of opening, and for each command: then the connection is given up.
    uint32_t timeout_ms = base::limits::transfer_timeout_ms;
};

// Why a queue closed. At most one of the last two is set.
struct QueueFailure {
    base::Status status;       // closed when close() asked for it, or the peer left.
    const char* reason = "";   // A few words.
    uint16_t nvme_status = 0;  // The controller refused Connect with this.
    uint16_t fatal_error = 0;  // It ended the connection with this nvme::tcp::FatalError.
};

enum class QueueState : uint8_t { idle, dialling, negotiating, joining, live, closing };

[[nodiscard]] constexpr bool may_move(QueueState from, QueueState to) {
    switch (from) {
        case QueueState::idle:
            return to == QueueState::dialling || to == QueueState::closing;
        case QueueState::dialling:
            return to == QueueState::negotiating || to == QueueState::closing;
        case QueueState::negotiating:
            return to == QueueState::joining || to == QueueState::closing;
        case QueueState::joining:
            return to == QueueState::live || to == QueueState::closing;
        case QueueState::live:
            return to == QueueState::closing;
        case QueueState::closing:
            return to == QueueState::idle;
    }
    return false;
}

class Queue {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        // Connect succeeded: commands may be submitted.
        virtual void queue_opened(Queue& queue) = 0;
        // Once after each open(), whatever happened; every command is done by then.
        virtual void queue_closed(Queue& queue, const QueueFailure& failure) = 0;
    };

    Queue(reactor::Reactor& reactor, Owner& owner);
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    // Connects in the background. Requires: idle, 1 <= entries <= 1024.
    void open(const QueueOptions& options);
    // Ends the connection in the background; commands end with Errc::closed. Nothing when idle.
    void close();

    // Sends a command; io.done follows, never inside this call. Refuses with busy (every entry is
    // taken) or closed (not live).
    [[nodiscard]] base::Status submit(Io& io);

    [[nodiscard]] QueueState state() const { return state_; }
    [[nodiscard]] uint16_t id() const { return options_.id; }
    [[nodiscard]] uint16_t controller_id() const { return controller_id_; }
    [[nodiscard]] uint32_t outstanding() const { return outstanding_; }
    // The id `io` has on the wire, for Abort; meaningful until done.
    [[nodiscard]] static uint16_t command_id(const Io& io) { return io.command.command_id; }

  private:
    static constexpr uint32_t receive_buffer_bytes = 128u << 10;
    static constexpr uint32_t direct_bytes_min = 16u << 10;
    static constexpr uint32_t vectors_per_command = 3;  // Header, data, digest.
    static constexpr uint32_t staging_per_command = request_header_bytes_max + 4;
    static constexpr uint32_t send_commands_max = 256;

    // The place of one command; its index is the command's id.
    struct Slot : base::ListLink {
        Io* io = nullptr;
        uint64_t deadline_ns = 0;
        uint32_t transferred_bytes = 0;  // to_controller: sent. to_host: received.
        uint32_t asked_end = 0;          // Up to where an R2T asked for data.
        uint16_t transfer_tag = 0;
        bool capsule_sent = false;
        bool sending = false;   // Its bytes are in the send in flight.
        bool answered = false;  // The completion came meanwhile.
        bool digest_failed = false;
    };
    template <typename T>
    struct Owned : T {
        Queue* queue = nullptr;
    };

    // queue.cc
    void move(QueueState to);
    void begin_dial();
    void on_dialled(int32_t result);
    void on_connect_done();
    void schedule_turn();
    void turn();
    void on_timer();
    void begin_close(const QueueFailure& failure);
    [[nodiscard]] bool quiet() const { return !dialling_ && !sending_ && !receiving_; }
    void finish_close();
    [[nodiscard]] Slot* take_slot(Io& io);
    void complete(Slot& slot);

    // queue_send.cc
    void flush();
    void compose_request(Slot& slot);
    void compose_data(Slot& slot);
    void append(const uint8_t* data, uint32_t bytes);
    void append_data(const uint8_t* data, uint32_t bytes);
    void submit_send();
    void on_sent(int32_t result);

    // queue_receive.cc
    void arm_receive();
    void on_received(int32_t result, uint32_t cqe_flags);
    void process(std::span<const uint8_t> input);
    [[nodiscard]] bool handle(ResponseEvent event);
    [[nodiscard]] bool handle_negotiated();
    [[nodiscard]] bool handle_response();
    [[nodiscard]] bool handle_ready();
    [[nodiscard]] bool handle_data();
    [[nodiscard]] bool handle_data_end();
    [[nodiscard]] Slot* slot_of(uint16_t command_id);
    void fail_protocol(const char* reason);

    reactor::Reactor& reactor_;
    Owner& owner_;
    QueueOptions options_;
    QueueState state_ = QueueState::idle;
    QueueFailure failure_;
    int socket_ = -1;
    uint16_t controller_id_ = nvme::controller_id_dynamic;
    WireOptions wire_;
    ResponseReader reader_;
    Owned<reactor::Task> turn_task_;
    Owned<reactor::Timer> timer_;
    uint64_t open_deadline_ns_ = 0;
    sockaddr_storage address_{};
    bool dialling_ = false;
    Owned<reactor::Operation> dial_operation_;
    Owned<Io> connect_io_;
    nvme::ConnectData connect_data_{};

    // Slots.
    std::unique_ptr<Slot[]> slots_;
    uint32_t slot_count_ = 0;
    uint32_t outstanding_ = 0;
    base::IntrusiveList<Slot> free_;
    base::IntrusiveList<Slot> unsent_;  // A capsule or asked-for data to send.

    // Receiving.
    bool receiving_ = false;
    bool socket_drained_ = true;  // The last receive left nothing behind.
    Owned<reactor::Operation> receive_operation_;
    std::unique_ptr<uint8_t[]> receive_buffer_;
    uint32_t direct_bytes_ = 0;  // Of the receive in flight: how much goes to its command's memory.
    Slot* data_slot_ = nullptr;  // Whose data the reader is taking.
    iovec receive_vectors_[2] = {};
    msghdr receive_message_{};

    // Sending.
    bool sending_ = false;
    Owned<reactor::Operation> send_operation_;
    uint32_t send_commands_ = 0;  // At most in one send.
    std::vector<Slot*> in_send_;
    std::vector<iovec> send_vectors_;
    size_t vector_first_ = 0;
    std::unique_ptr<uint8_t[]> staging_;
    uint32_t staged_bytes_ = 0;
    msghdr send_message_{};
};

}  // namespace initiator
