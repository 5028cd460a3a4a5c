// One TCP connection to or from another node, once both have said HELLO.
//
//   live ──broken, refused, replaced or not wanted any more──▶ closing ──nothing in flight──▶
//   closed
//
// Outgoing: messages and requests leave, responses come. Incoming: the other way round. What a turn
// of the reactor brings leaves in one send; at most one send and one receive are in flight. Nothing
// here waits for memory: what finds none is dropped (an Append, which is sent again) or refused (a
// request, which is put off). So heartbeats and acknowledgements always come through.
//
// Split by phase: connection.cc (its life), connection_receive.cc, connection_send.cc.
//
// Thread: its reactor. Lifetime: the owner's, until connection_gone().
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <sys/socket.h>

#include "base/intrusive_list.h"
#include "peer/frame_reader.h"
#include "peer/hello.h"
#include "peer/parcel.h"
#include "peer/port.h"
#include "peer/send_queue.h"
#include "reactor/reactor.h"

namespace peer {

class ReactorLane;

enum class ConnectionState : uint8_t { live, closing, closed };

[[nodiscard]] constexpr bool may_move(ConnectionState from, ConnectionState to) {
    return (from == ConnectionState::live && to == ConnectionState::closing) ||
           (from == ConnectionState::closing && to == ConnectionState::closed);
}

class Connection final : public base::ListLink {
  public:
    struct Owner {
        // It takes and delivers nothing any more. Never inside a call but close().
        virtual void connection_over(Connection& connection, const std::string& reason) = 0;
        // It may be destroyed.
        virtual void connection_gone(Connection& connection) = 0;

      protected:
        ~Owner() = default;
    };
    enum class Direction : uint8_t { outgoing, incoming };

    // Takes the socket over.
    Connection(
        int socket, Direction direction, const Hello& theirs, ReactorLane& lane, Owner& owner);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // `hello` is what an incoming one begins with.
    void start(const Hello* hello = nullptr);
    void close(const std::string& reason);
    [[nodiscard]] bool live() const { return state_ == ConnectionState::live; }

    [[nodiscard]] base::NodeId node() const { return theirs_.from; }
    [[nodiscard]] uint64_t incarnation() const { return theirs_.incarnation; }
    [[nodiscard]] uint32_t their_lane() const { return theirs_.lane; }

    // Outgoing. False: it is dropped.
    [[nodiscard]] bool send(const replication::Message& message);
    void request(Request& request);
    // Incoming: a call that came on it, with its status.
    void answered(Parcel& parcel);

  private:
    static constexpr uint32_t direct_bytes_min = 16u << 10;
    static constexpr uint32_t slots = 256;
    // What the requests under way may carry, either way: so much memory they cost the primary.
    static constexpr uint64_t request_bytes_max = uint64_t{2} << 20;
    static constexpr uint64_t put_off_ns = 5'000'000;

    template <typename T>
    struct Owned : T {
        Connection* connection = nullptr;
    };

    // connection.cc
    void move(ConnectionState to);
    void schedule_turn();
    void turn();
    void finish();
    void end_requests();

    // connection_receive.cc
    void arm_receive();
    void on_received(int32_t result, uint32_t cqe_flags);
    void process();
    [[nodiscard]] const char* handle_frame();
    void handle_append();
    [[nodiscard]] const char* handle_request();
    [[nodiscard]] const char* handle_response();
    [[nodiscard]] const char* handle_payload_end();
    [[nodiscard]] bool checksums_hold(const uint8_t* data, uint32_t block_count);
    void fill(Parcel& parcel);

    // connection_send.cc
    [[nodiscard]] bool may_send(const Request& request) const;
    void send_request(Request& request);
    void send_waiting();
    [[nodiscard]] Request* find(uint64_t id);
    void complete(Request& request, base::Status status);
    void settle(Request& request);
    [[nodiscard]] const char* refuse(const RequestFrame& asked);
    [[nodiscard]] bool send_answer(Parcel& parcel);
    void flush();
    void submit_send();
    void on_sent(int32_t result);
    void give_back();

    int socket_;
    const Direction direction_;
    const Hello theirs_;
    ReactorLane& lane_;
    Owner& owner_;
    ConnectionState state_ = ConnectionState::live;
    Owned<reactor::Task> turn_task_;
    Owned<reactor::Timer> timer_;

    // Receiving.
    FrameReader reader_;
    Owned<reactor::Operation> receive_operation_;
    bool receiving_ = false;
    bool socket_drained_ = false;
    uint32_t direct_bytes_ = 0;  // Of the receive in flight: how much goes to a payload's place.
    iovec receive_vectors_[2] = {};
    msghdr receive_message_ = {};
    Parcel* taking_ = nullptr;      // Whose payload comes.
    Request* answering_ = nullptr;  // Into whose memory it comes.

    // Sending.
    SendQueue queue_;
    Owned<reactor::Operation> send_operation_;
    msghdr send_message_ = {};
    std::array<iovec, SendQueue::vectors_max> send_vectors_;

    // Outgoing: requests that wait for their turn, and those that are under way.
    base::IntrusiveList<Request> waiting_;
    std::array<Request*, slots> under_way_{};
    std::array<uint8_t, slots> free_slots_;
    uint32_t free_count_ = slots;
    uint64_t next_number_ = 1;
    uint64_t under_way_bytes_ = 0;
    uint64_t put_off_until_ns_ = 0;

    // Incoming: calls without an answer, and answers that wait for room.
    base::IntrusiveList<Parcel> calls_;
    base::IntrusiveList<Parcel> answers_;
};

}  // namespace peer
