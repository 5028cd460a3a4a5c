#include "target/log_pages.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/limits.h"
#include "nvme/log_page.h"
#include "nvme/opcodes.h"
#include "nvme/status.h"
#include "target/admin.h"
#include "target/controller.h"
#include "target/discovery_page.h"
#include "target/dispatch.h"
#include "target/registry.h"

namespace target {
namespace {

using nvme::LogPage;

constexpr uint32_t dword_bytes = 4;

LogPage page_of(const nvme::Command& command) {
    return static_cast<LogPage>(command.cdw10 & 0xff);
}

uint64_t offset_of(const nvme::Command& command) {
    return command.cdw12 | uint64_t{command.cdw13} << 32;
}

// NUMD has its lower half in dword 10 and its upper one in dword 11; it counts from 0.
uint64_t bytes_of(const nvme::Command& command) {
    const uint64_t dwords = (command.cdw10 >> 16 | uint64_t{command.cdw11 & 0xffff} << 16) + 1;
    return dwords * dword_bytes;
}

bool retains_event(const nvme::Command& command) {
    return (command.cdw10 & nvme::log_retain_event) != 0;
}

// How long the page is; none when this controller does not have it.
std::optional<uint64_t> page_bytes(const Controller& controller, LogPage page) {
    if (controller.is_discovery()) {
        return page == LogPage::discovery ? std::optional(discovery_page_bytes_max) : std::nullopt;
    }
    switch (page) {
        case LogPage::supported_pages:
            return sizeof(nvme::SupportedPagesLog);
        case LogPage::errors:
            return sizeof(nvme::ErrorLogEntry) * ErrorLog::entries_max;
        case LogPage::smart:
            return sizeof(nvme::SmartLog);
        case LogPage::firmware_slots:
            return sizeof(nvme::FirmwareSlotLog);
        case LogPage::changed_namespaces:
            return sizeof(nvme::ChangedNamespaceLog);
        case LogPage::command_effects:
            return sizeof(nvme::CommandEffectsLog);
        case LogPage::discovery:
            break;
    }
    return std::nullopt;
}

void write_errors(const Controller& controller, PageWindow& window) {
    nvme::ErrorLogEntry entries[ErrorLog::entries_max] = {};
    controller.errors.copy(entries);
    window.put(0, entries, sizeof entries);
}

void write_smart(const Controller& controller, PageWindow& window) {
    constexpr uint64_t data_unit_bytes = 512 * 1000;
    const auto units = [](uint64_t blocks) {
        return (blocks * base::limits::block_bytes + data_unit_bytes - 1) / data_unit_bytes;
    };
    uint64_t read_blocks = 0;
    uint64_t written_blocks = 0;
    nvme::SmartLog log{};
    for (const QueueCounters& queue : controller.counters) {
        read_blocks += queue.read_blocks.get();
        written_blocks += queue.written_blocks.get();
        log.read_commands.low = log.read_commands.low + queue.read_commands.get();
        log.write_commands.low = log.write_commands.low + queue.write_commands.get();
        log.media_errors.low = log.media_errors.low + queue.media_errors.get();
    }
    log.available_spare = 100;  // Percent.
    log.data_units_read.low = units(read_blocks);
    log.data_units_written.low = units(written_blocks);
    log.error_log_entries.low = controller.errors.count();
    window.put(0, &log, sizeof log);
}

void write_firmware(const Controller& controller, PageWindow& window) {
    nvme::FirmwareSlotLog log{};
    const std::string& revision = controller.registry().options().firmware_revision;
    log.active = 1;
    std::memset(log.revisions[0], ' ', sizeof log.revisions[0]);
    std::memcpy(
        log.revisions[0], revision.data(), std::min(revision.size(), sizeof log.revisions[0]));
    window.put(0, &log, sizeof log);
}

void write_changed_namespaces(const Controller& controller, PageWindow& window) {
    const base::le32 changed{controller.namespace_changed ? only_namespace : 0};
    window.put(0, &changed, sizeof changed);
}

void write_effects(PageWindow& window) {
    nvme::CommandEffectsLog log{};
    for (const nvme::AdminOpcode opcode : {nvme::AdminOpcode::get_log_page,
                                           nvme::AdminOpcode::identify,
                                           nvme::AdminOpcode::abort,
                                           nvme::AdminOpcode::set_features,
                                           nvme::AdminOpcode::get_features,
                                           nvme::AdminOpcode::asynchronous_event_request,
                                           nvme::AdminOpcode::keep_alive}) {
        log.admin[static_cast<uint8_t>(opcode)] = nvme::effect_supported;
    }
    for (const nvme::IoOpcode opcode :
         {nvme::IoOpcode::flush, nvme::IoOpcode::read, nvme::IoOpcode::compare}) {
        log.io[static_cast<uint8_t>(opcode)] = nvme::effect_supported;
    }
    for (const nvme::IoOpcode opcode : {nvme::IoOpcode::write,
                                        nvme::IoOpcode::write_zeroes,
                                        nvme::IoOpcode::dataset_management}) {
        log.io[static_cast<uint8_t>(opcode)] = nvme::effect_supported | nvme::effect_changes_blocks;
    }
    window.put(0, &log, sizeof log);
}

void write_supported_pages(PageWindow& window) {
    nvme::SupportedPagesLog log{};
    for (const LogPage page : {LogPage::supported_pages,
                               LogPage::errors,
                               LogPage::smart,
                               LogPage::firmware_slots,
                               LogPage::changed_namespaces,
                               LogPage::command_effects}) {
        log.pages[static_cast<uint8_t>(page)] = nvme::page_supported;
    }
    window.put(0, &log, sizeof log);
}

void write_page(Controller& controller, LogPage page, PageWindow& window) {
    switch (page) {
        case LogPage::supported_pages:
            write_supported_pages(window);
            break;
        case LogPage::errors:
            write_errors(controller, window);
            break;
        case LogPage::smart:
            write_smart(controller, window);
            break;
        case LogPage::firmware_slots:
            write_firmware(controller, window);
            break;
        case LogPage::changed_namespaces:
            write_changed_namespaces(controller, window);
            break;
        case LogPage::command_effects:
            write_effects(window);
            break;
        case LogPage::discovery:
            write_discovery(controller, window);
            break;
    }
}

// The host has seen what the event told of: the next change is a new event.
void acknowledge(Controller& controller, LogPage page) {
    if (page == LogPage::changed_namespaces) {
        controller.namespace_changed = false;
        controller.events.acknowledge(Event::namespace_changed);
    } else if (page == LogPage::discovery) {
        controller.events.acknowledge(Event::discovery_changed);
    }
}

void execute_get_log_page(Request& request) {
    Controller& controller = controller_of(request);
    const LogPage page = page_of(request.command);
    std::memset(request.buffer.data, 0, request.transfer_bytes);
    PageWindow window(offset_of(request.command), request.buffer.data, request.transfer_bytes);
    write_page(controller, page, window);
    if (!retains_event(request.command)) {
        acknowledge(controller, page);
    }
    respond(request, nvme::success);
}

}  // namespace

void PageWindow::put(uint64_t position, const void* piece, size_t bytes) {
    const uint64_t from = std::max(position, offset_);
    const uint64_t to = std::min(position + bytes, offset_ + bytes_);
    if (from < to) {
        std::memcpy(data_ + (from - offset_),
                    static_cast<const uint8_t*>(piece) + (from - position),
                    to - from);
    }
}

uint16_t parse_get_log_page(Request& request) {
    const nvme::Command& command = request.command;
    const std::optional<uint64_t> length = page_bytes(controller_of(request), page_of(command));
    if (!length.has_value()) {
        return nvme::invalid_log_page;
    }
    const uint64_t offset = offset_of(command);
    const uint64_t bytes = bytes_of(command);
    if (bytes > base::limits::transfer_bytes_max || offset % dword_bytes != 0 || offset > *length) {
        return nvme::invalid_field;
    }
    return accept(
        request, execute_get_log_page, DataDirection::to_host, static_cast<uint32_t>(bytes));
}

}  // namespace target
