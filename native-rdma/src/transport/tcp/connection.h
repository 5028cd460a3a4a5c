// One host's TCP connection: one queue of a controller, and the commands on it.
//
//   handshake ──ICReq──▶ live ──fatal error──▶ terminating ──told, or late──▶ closing ──▶ closed
//       └──────────────────┴──── socket, host, target or server ends it ────────▲
//
// Received bytes are parsed as they come; responses of one turn leave in one send. At most one
// receive and one send are in flight. Split by phase: connection.cc (its life), receive.cc,
// request_flow.cc (the commands), send.cc.
//
// Memory: data lie in buffers of the shared pool, for which commands wait in order. The head of
// the stream must not wait for them, or the data of commands that hold buffers already, which
// come behind it, could not be read and all would stand still. So each connection has a reserve of
// one capsule's data. It is taken when the pool has nothing, and its command needs nothing more
// from the stream: it ends, and the next one takes the reserve. Only for that does a connection
// stop reading. Of its own a connection has 20 KiB with the reserve, and a queue of I/O 64 KiB to
// receive into and 1.2 KiB for each entry.
//
// Thread: made on any, start() and all else on its reactor. Lifetime: deletes itself when nothing
// is in flight any more, then tells its shard.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/intrusive_list.h"
#include "base/limits.h"
#include "nvme/tcp_pdu.h"
#include "reactor/reactor.h"
#include "target/target.h"
#include "target/transport.h"
#include "transport/tcp/pdu_reader.h"
#include "transport/tcp/pdu_writer.h"
#include "transport/tcp/shard.h"
#include "transport/tcp/slot.h"

namespace transport::tcp {

enum class ConnectionState : uint8_t { handshake, live, terminating, closing, closed };

[[nodiscard]] constexpr bool may_move(ConnectionState from, ConnectionState to) {
    switch (from) {
        case ConnectionState::handshake:
            return to == ConnectionState::live || to == ConnectionState::terminating ||
                   to == ConnectionState::closing;
        case ConnectionState::live:
            return to == ConnectionState::terminating || to == ConnectionState::closing;
        case ConnectionState::terminating:
            return to == ConnectionState::closing;
        case ConnectionState::closing:
            return to == ConnectionState::closed;
        case ConnectionState::closed:
            return false;
    }
    return false;
}

// A reactor's or the target's object inside a connection, and the way back to it.
template <typename T>
struct Owned : T {
    class Connection* connection = nullptr;
};

class Connection final : public base::ListLink {
  public:
    // Takes the socket over.
    Connection(int socket, bool discovery_port, Shard& shard);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // On its reactor: begins to receive.
    void start();
    // On its reactor: ends it, soon and in the background.
    void close();

    Owned<reactor::Task> start_task;  // The listener's: brings it to its reactor.

  private:
    static constexpr uint32_t staging_bytes = 4096;
    static constexpr uint32_t send_vectors_max = 96;
    static constexpr uint32_t send_bytes_max = 1u << 20;
    static constexpr uint32_t handshake_buffer_bytes = 2048;
    static constexpr uint32_t admin_buffer_bytes = 8192;
    static constexpr uint32_t io_buffer_bytes = 64u << 10;
    static constexpr uint32_t direct_bytes_min = 16u << 10;
    static constexpr uint32_t reserve_bytes = base::limits::in_capsule_bytes;

    enum class Stall : uint8_t {
        none,
        slot,    // Every slot is taken; one of them is about to be free.
        buffer,  // In-capsule data have nowhere to go.
    };
    struct FreeAligned {
        void operator()(uint8_t* memory) const;
    };

    static const target::TransportOps ops;

    // connection.cc: the life of the connection.
    void move(ConnectionState to);
    [[nodiscard]] bool ending() const { return state_ >= ConnectionState::terminating; }
    void connected();
    [[nodiscard]] Slot& slot_at(uint32_t index);
    void adopt(Slot& slot, uint32_t index);
    void schedule_turn();
    void turn();
    void watch();
    void on_timer();
    [[nodiscard]] bool watched() const;
    [[nodiscard]] bool overdue(uint64_t now_ns);
    void terminate(nvme::tcp::FatalError error, uint32_t information);
    void begin_close();
    void drop_requests();
    void finish();

    // receive.cc: bytes in.
    void arm_receive();
    bool grow_receive_buffer();
    void on_received(int32_t result, uint32_t cqe_flags);
    void take_received(int32_t result);
    void resume();
    void process();
    void handle(ReadEvent event);
    void handle_ic_request();
    void handle_command();
    void handle_h2c_data();
    void handle_data_end();

    // request_flow.cc: a command from state to state.
    void begin(Slot& slot);
    [[nodiscard]] uint16_t check_data_pointer(Slot& slot) const;
    void obtain_buffer(Slot& slot);
    [[nodiscard]] bool may_use_reserve(const Slot& slot) const;
    [[nodiscard]] memory::Buffer take_reserve();
    void on_buffer(Slot& slot, memory::Buffer buffer);
    void begin_fetch(Slot& slot);
    void end_fetch(Slot& slot);
    void execute(Slot& slot);
    void fail(Slot& slot, uint16_t status);
    void on_response(Slot& slot);
    void release_buffer(Slot& slot);
    void offer_reserve();
    void free_slot(Slot& slot);
    [[nodiscard]] Slot* fetching_slot(uint16_t tag);

    // send.cc: bytes out.
    void flush();
    void compose();
    [[nodiscard]] bool has_room(const Slot& slot) const;
    void compose_transfer(Slot& slot);
    void compose_response(Slot& slot);
    void append(const uint8_t* data, uint32_t bytes);
    [[nodiscard]] uint8_t* staged() { return staging_ + staged_bytes_; }
    void append_staged(uint32_t bytes);
    void submit_send();
    void on_sent(int32_t result);
    void sent_all();

    int socket_;
    ConnectionState state_ = ConnectionState::handshake;
    Stall stall_ = Stall::none;
    bool connected_ = false;
    bool flow_control_off_ = false;  // Of the submission queue, as Connect settled it.
    bool close_asked_ = false;
    bool ic_response_due_ = false;
    bool terminate_due_ = false;
    bool receiving_ = false;
    bool socket_drained_ = false;  // The last receive left nothing behind.
    bool sending_ = false;
    bool reserve_taken_ = false;
    WireOptions wire_;
    PduReader reader_;
    Shard& shard_;
    Owned<target::Queue> queue_;
    Owned<reactor::Operation> receive_operation_;
    Owned<reactor::Operation> send_operation_;
    Owned<reactor::Task> turn_task_;
    Owned<reactor::Timer> timer_;

    // Slots. The first one serves Connect, the others come with it.
    Slot first_slot_;
    std::unique_ptr<Slot[]> more_slots_;
    uint32_t slot_count_ = 1;
    uint32_t busy_slots_ = 0;
    uint32_t waiting_slots_ = 0;   // In waiting_buffer.
    uint32_t fetching_slots_ = 0;  // In fetching.
    base::IntrusiveList<Slot> free_;
    Slot* data_slot_ = nullptr;  // Whose data the reader is taking, or will when it has a buffer.
    std::unique_ptr<uint8_t, FreeAligned> reserve_;

    // Receiving.
    std::unique_ptr<uint8_t[]> receive_buffer_;
    uint32_t receive_buffer_bytes_ = 0;
    uint32_t direct_bytes_ = 0;  // Of the receive in flight: how much goes to its slot's buffer.
    std::span<const uint8_t> input_;
    uint64_t deadline_ns_ = 0;        // Of what the host must do before it is a queue, or is told.
    uint64_t pdu_started_ns_ = 0;     // Of an unfinished PDU, or 0.
    uint64_t stall_ended_ns_ = 0;     // Until then the host could not go on.
    uint64_t send_submitted_ns_ = 0;  // Of the send in flight.
    iovec receive_vectors_[2] = {};
    msghdr receive_message_ = {};

    // Sending.
    base::IntrusiveList<Slot> unsent_;       // Responses and R2Ts that wait for the next send.
    base::IntrusiveList<Slot> unconfirmed_;  // Their data is being sent.
    uint32_t vector_first_ = 0;
    uint32_t vector_count_ = 0;
    uint32_t staged_bytes_ = 0;
    uint64_t send_bytes_ = 0;
    msghdr send_message_ = {};
    iovec send_vectors_[send_vectors_max] = {};
    uint8_t staging_[staging_bytes];
};

}  // namespace transport::tcp
