// What this machine's loopback gives at best: two threads that do nothing but exchange messages of
// the sizes and depth of an NVMe/TCP load, through bare io_uring. The target is compared with it.
//
//   tcp-echo --request-bytes 4168 --response-bytes 24 --depth 32
//
// Both sides spin. Prints one line of JSON. Exit status: 0, 1 (no io_uring, no socket), 2 (usage).
#include <arpa/inet.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <liburing.h>

#include "initiator/arguments.h"
#include "initiator/histogram.h"
#include "initiator/json_writer.h"
#include "initiator/rate_meter.h"
#include "reactor/reactor.h"
#include "reactor/ring.h"

namespace {

constexpr uint32_t receive_buffer_bytes = 256u << 10;
constexpr uint32_t ring_entries = 64;
constexpr uint64_t nanoseconds_per_s = 1'000'000'000;

struct EchoOptions {
    uint64_t request_bytes = 72 + 4096;  // A write's capsule.
    uint64_t response_bytes = 24;
    uint64_t depth = 32;
    uint64_t seconds = 3;
    uint64_t server_cpu = 0;
    uint64_t client_cpu = 1;
    bool help = false;
};

std::vector<initiator::Argument> arguments(EchoOptions& o) {
    return {
        {.name = "--request-bytes",
         .help = "to the server",
         .min = 8,
         .max = 1u << 20,
         .number = &o.request_bytes},
        {.name = "--response-bytes",
         .help = "from the server",
         .min = 8,
         .max = 1u << 20,
         .number = &o.response_bytes},
        {.name = "--depth",
         .help = "messages in flight",
         .min = 1,
         .max = 1024,
         .number = &o.depth},
        {.name = "--seconds", .help = "run time", .min = 1, .max = 3600, .number = &o.seconds},
        {.name = "--server-cpu",
         .help = "core of the server",
         .max = 1023,
         .number = &o.server_cpu},
        {.name = "--client-cpu",
         .help = "core of the client",
         .max = 1023,
         .number = &o.client_cpu},
        {.name = "--help", .help = "this text", .flag = &o.help},
    };
}

[[noreturn]] void die(const char* sentence) {
    static_cast<void>(std::fprintf(stderr, "%s\n", sentence));
    std::exit(1);
}

// One end: answers every whole message received with one of its own size.
class Side {
  public:
    Side(int socket, uint64_t in_bytes, uint64_t out_bytes, uint64_t depth)
        : socket_(socket),
          in_bytes_(in_bytes),
          out_bytes_(out_bytes),
          received_(receive_buffer_bytes),
          to_send_(out_bytes * depth) {
        if (!reactor::open_ring(ring_, ring_entries)) {
            die("io_uring is not to be had on this machine.");
        }
    }
    ~Side() { io_uring_queue_exit(&ring_); }
    Side(const Side&) = delete;
    Side& operator=(const Side&) = delete;

    // `arrived(count)` is told of whole messages and says how many to send for them.
    template <typename Arrived>
    void run(const std::atomic<bool>& stop, uint64_t first_messages, Arrived arrived) {
        static_cast<void>(io_uring_enable_rings(&ring_));
        due_ = first_messages;
        while (!stop.load(std::memory_order_relaxed) && !ended_) {
            arm();
            static_cast<void>(io_uring_submit_and_get_events(&ring_));
            io_uring_cqe* entry = nullptr;
            while (io_uring_peek_cqe(&ring_, &entry) == 0 && entry != nullptr) {
                const uint64_t kind = io_uring_cqe_get_data64(entry);
                const int32_t result = entry->res;
                io_uring_cqe_seen(&ring_, entry);
                if (kind == sending) {
                    on_sent(result);
                } else {
                    due_ += arrived(on_received(result));
                }
            }
        }
        shutdown(socket_, SHUT_RDWR);
    }

  private:
    static constexpr uint64_t sending = 1;
    static constexpr uint64_t receiving = 2;

    void arm() {
        if (!sending_ && due_ > 0) {
            sending_ = true;
            unsent_ = due_ * out_bytes_;
            due_ = 0;
            send_rest();
        }
        if (!receiving_) {
            receiving_ = true;
            io_uring_sqe* entry = io_uring_get_sqe(&ring_);
            io_uring_prep_recv(entry, socket_, received_.data(), received_.size(), 0);
            io_uring_sqe_set_data64(entry, receiving);
        }
    }

    void send_rest() {
        io_uring_sqe* entry = io_uring_get_sqe(&ring_);
        io_uring_prep_send(entry, socket_, to_send_.data(), unsent_, MSG_NOSIGNAL | MSG_WAITALL);
        io_uring_sqe_set_data64(entry, sending);
    }

    void on_sent(int32_t result) {
        if (result <= 0) {
            ended_ = true;
            return;
        }
        unsent_ -= static_cast<uint64_t>(result);
        if (unsent_ > 0) {
            send_rest();
        } else {
            sending_ = false;
        }
    }

    uint64_t on_received(int32_t result) {
        receiving_ = false;
        if (result <= 0) {
            ended_ = true;
            return 0;
        }
        partial_ += static_cast<uint64_t>(result);
        const uint64_t messages = partial_ / in_bytes_;
        partial_ %= in_bytes_;
        return messages;
    }

    int socket_;
    uint64_t in_bytes_;
    uint64_t out_bytes_;
    io_uring ring_{};
    std::vector<uint8_t> received_;
    std::vector<uint8_t> to_send_;
    uint64_t due_ = 0;      // Messages to send.
    uint64_t unsent_ = 0;   // Bytes of the send under way.
    uint64_t partial_ = 0;  // Bytes of a message not yet whole.
    bool sending_ = false;
    bool receiving_ = false;
    bool ended_ = false;
};

void pin(uint64_t cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    static_cast<void>(pthread_setaffinity_np(pthread_self(), sizeof(set), &set));
}

// Two ends of one loopback connection.
void connect_pair(int& server, int& client) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || client < 0 || bind(listener, generic, length) != 0 ||
        listen(listener, 1) != 0 || getsockname(listener, generic, &length) != 0 ||
        connect(client, generic, length) != 0) {
        die("No loopback connection could be made.");
    }
    server = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    close(listener);
    const int on = 1;
    for (const int end : {server, client}) {
        static_cast<void>(setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
    }
}

// The client's measurements: messages are answered in the order they were sent.
class Watch {
  public:
    explicit Watch(const EchoOptions& options)
        : sent_ns_(options.depth, reactor::Reactor::clock_ns()),
          from_ns_(sent_ns_[0]),
          end_ns_(from_ns_ + options.seconds * nanoseconds_per_s) {
        rate_.start(from_ns_);
    }

    uint64_t arrived(uint64_t count, std::atomic<bool>& stop) {
        const uint64_t now_ns = reactor::Reactor::clock_ns();
        for (uint64_t i = 0; i < count; ++i) {
            histogram_.record(now_ns - sent_ns_[next_]);
            rate_.count(now_ns);
            sent_ns_[next_] = now_ns;
            next_ = next_ + 1 == sent_ns_.size() ? 0 : next_ + 1;
        }
        last_ns_ = now_ns;
        if (now_ns >= end_ns_) {
            stop.store(true);
        }
        return count;
    }

    void print(const EchoOptions& options) const {
        const double seconds = static_cast<double>(last_ns_ - from_ns_) / 1e9;
        initiator::JsonWriter json;
        json.begin_object();
        json.number("requestBytes", options.request_bytes);
        json.number("responseBytes", options.response_bytes);
        json.number("depth", options.depth);
        json.real("seconds", seconds);
        json.real("iops", static_cast<double>(histogram_.count()) / seconds);
        json.real("bestIops", rate_.best());
        histogram_.write(json, "latencyUs");
        json.end_object();
        static_cast<void>(std::printf("%s\n", json.str().c_str()));
    }

  private:
    std::vector<uint64_t> sent_ns_;
    size_t next_ = 0;
    uint64_t from_ns_;
    uint64_t end_ns_;
    uint64_t last_ns_ = 0;
    initiator::Histogram histogram_;
    initiator::RateMeter rate_;
};

void run(const EchoOptions& options) {
    int server_socket = -1;
    int client_socket = -1;
    connect_pair(server_socket, client_socket);
    std::atomic<bool> stop = false;
    std::thread server([&] {
        pin(options.server_cpu);
        Side side(server_socket, options.request_bytes, options.response_bytes, options.depth);
        side.run(stop, 0, [](uint64_t count) { return count; });
    });
    pin(options.client_cpu);
    Watch watch(options);
    {
        Side side(client_socket, options.response_bytes, options.request_bytes, options.depth);
        side.run(stop, options.depth, [&](uint64_t count) { return watch.arrived(count, stop); });
    }
    stop.store(true);
    server.join();
    close(server_socket);
    close(client_socket);
    watch.print(options);
}

}  // namespace

int main(int count, char** words) {
    EchoOptions options;
    const std::span<const char* const> said(words + 1, static_cast<size_t>(count) - 1);
    const std::string problem = initiator::parse_arguments(said, arguments(options));
    if (!problem.empty()) {
        static_cast<void>(std::fprintf(stderr, "%s\n", problem.c_str()));
        return 2;
    }
    if (options.help) {
        const std::string text = initiator::describe_arguments(arguments(options));
        static_cast<void>(std::printf("Usage: tcp-echo [options]\n%s", text.c_str()));
        return 0;
    }
    run(options);
    return 0;
}
