// The store's calls on a real file or block device, through a reactor that the test's thread turns.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

#include "reactor/reactor.h"
#include "store/file_device.h"
#include "store_calls.h"

namespace test {

// Requires: the device is there. It can be closed and opened anew.
struct OnDevice {
    explicit OnDevice(std::string device_path) : path(std::move(device_path)) {
        auto made = reactor::Reactor::create({});
        REQUIRE(made.has_value());
        reactor = std::move(made.value());
        reopen();
    }
    void reopen() {
        device.reset();
        // Whenever a writer has closed a block device udev looks at what it holds, and locks it.
        auto opened = store::FileDevice::open(*reactor, path);
        for (int tries = 0; !opened && opened.error().code() == base::Errc::busy && tries < 200;
             ++tries) {
            usleep(20'000);
            opened = store::FileDevice::open(*reactor, path);
        }
        REQUIRE(opened.has_value());
        device = std::move(opened.value());
        calls = std::make_unique<StoreCalls>(
            *device, *reactor, [this](const std::function<void()>& submit, bool& done) {
                turn(submit, done);
            });
    }
    // Runs the reactor until `done`: a task looks again every turn.
    void turn(const std::function<void()>& submit, bool& done) {
        struct Watch : reactor::Task {
            reactor::Reactor* reactor = nullptr;
            const std::function<void()>* submit = nullptr;
            bool* done = nullptr;
            bool submitted = false;
        } watch;
        watch.reactor = reactor.get();
        watch.submit = &submit;
        watch.done = &done;
        watch.run = [](reactor::Task& task) {
            auto& self = static_cast<Watch&>(task);
            if (!self.submitted) {
                self.submitted = true;
                (*self.submit)();
            }
            if (*self.done) {
                self.reactor->stop();
            } else {
                self.reactor->defer(task);
            }
        };
        reactor->post(watch);
        reactor->run();
    }

    std::string path;
    std::unique_ptr<reactor::Reactor> reactor;
    std::unique_ptr<store::FileDevice> device;
    std::unique_ptr<StoreCalls> calls;
};

}  // namespace test
