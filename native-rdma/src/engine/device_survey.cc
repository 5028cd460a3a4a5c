#include "engine/device_survey.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/file_geometry.h"

namespace engine {
namespace {

Outcome refused(const std::string& path, base::Status status) {
    const std::string device = "device " + path;
    switch (status.code()) {
        case base::Errc::not_found:
            return failure(status, device + " does not exist");
        case base::Errc::invalid_argument:
            return failure(status,
                           device +
                               " is neither a regular file nor a block device of at least "
                               "one 4096-byte block");
        default:
            return failure(status, device + " cannot be read" + errno_words(status.detail()));
    }
}

}  // namespace

Outcome survey_device(const std::string& path, DeviceSurvey& survey) {
    // Without waiting: another kind of file, such as a pipe, may have nobody at its other end.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat file = {};
    if (fd < 0 || fstat(fd, &file) != 0) {
        const auto error = static_cast<uint32_t>(errno);
        if (fd >= 0) {
            ::close(fd);
        }
        return refused(path,
                       error == ENOENT ? base::Status(base::Errc::not_found)
                                       : base::Status(base::Errc::io_error, error));
    }
    const base::Result<store::DeviceGeometry> geometry = store::read_geometry(fd);
    ::close(fd);
    if (!geometry) {
        return refused(path, geometry.error());
    }
    const base::Result<DeviceContents> contents = read_device_contents(path);
    if (!contents) {
        return refused(path, contents.error());
    }
    survey = {.path = path,
              .is_block_device = S_ISBLK(file.st_mode),
              .bytes = geometry->bytes,
              .logical_block_bytes = geometry->logical_block_bytes,
              .use = find_device_use(path),
              .contents = *contents};
    return {};
}

}  // namespace engine
