// The program as it is run: its exit status, its JSON, its sentences.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct Outcome {
    int status = -1;
    std::string output;  // Both of its outputs.

    [[nodiscard]] bool says(const std::string& text) const {
        return output.find(text) != std::string::npos;
    }
};

Outcome run(const std::string& words) {
    Outcome outcome;
    const std::string command = PROGRAMS_FOLDER "/store-bench " + words + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "re");
    REQUIRE(pipe != nullptr);
    char line[4096];
    while (std::fgets(line, sizeof(line), pipe) != nullptr) {
        outcome.output += line;
    }
    outcome.status = WEXITSTATUS(pclose(pipe));
    return outcome;
}

// A file name that nothing has, gone at the end.
struct TemporaryPath {
    TemporaryPath() {
        const int fd = mkstemp(name);
        REQUIRE(fd >= 0);
        close(fd);
        unlink(name);
    }
    ~TemporaryPath() { unlink(name); }
    TemporaryPath(const TemporaryPath&) = delete;
    TemporaryPath& operator=(const TemporaryPath&) = delete;

    // The arguments that every run on this file has.
    [[nodiscard]] std::string words() const {
        return std::string("--path ") + name + " --bytes 1g --span 16m --depth 8 ";
    }
    char name[32] = "/tmp/ashlar-bench-XXXXXX";
};

}  // namespace

TEST_CASE("the store's measurement explains itself, and says in a sentence what is wrong") {
    const Outcome help = run("--help");
    CHECK(help.status == 0);
    CHECK(help.says("Usage: store-bench"));
    CHECK(help.says("--depth"));
    const Outcome wrong = run("--depth 0");
    CHECK(wrong.status == 2);
    CHECK(wrong.says("--depth takes a number, 1 to "));
    CHECK(run("").says("--path is needed"));
}

TEST_CASE("the store's measurement writes and reads a store of its own") {
    const TemporaryPath path;
    const std::string common = path.words() + "--operations 200 ";
    const Outcome write = run(common + "--format --verb write --durability none");
    CHECK(write.status == 0);
    CHECK(write.says(R"("verb":"write")"));
    CHECK(write.says(R"("durability":"none")"));
    CHECK(write.says(R"("measured":{"hostBytesWritten":819200,)"));
    const Outcome read = run(common + "--fill --verb read --io-bytes 16k --order sequential");
    CHECK(read.status == 0);
    CHECK(read.says(R"("operations":200,)"));
    CHECK(read.says(R"("hostBytesWritten":16777216,)"));
    CHECK(run(common + "--format").says("holds a store already"));
}

TEST_CASE("what warms a store up is not measured") {
    const TemporaryPath path;
    const Outcome outcome = run(path.words() + "--format --fill --fill-bytes-min 4k " +
                                "--warm-up 1m --order zipfian --operations 10");
    CHECK(outcome.status == 0);
    CHECK(outcome.says(R"("measured":{"hostBytesWritten":40960,)"));
    const std::string written = std::to_string((16u << 20) + (1u << 20) + 40960);
    CHECK(outcome.says(R"("hostBytesWritten":)" + written + ","));
}

TEST_CASE("a rate is kept") {
    const TemporaryPath path;
    const Outcome outcome = run(path.words() + "--format --rate 200 --seconds 1");
    CHECK(outcome.status == 0);
    CHECK(outcome.says(R"("operations":200,)"));
}

TEST_CASE("a store whose data are holes takes little room, and is opened with its progress") {
    const TemporaryPath path;
    const Outcome fill = run(path.words() + "--format --holes --fill --operations 1");
    CHECK(fill.status == 0);
    const Outcome again = run(path.words() + "--holes --verb read --operations 5");
    CHECK(again.status == 0);
    CHECK(again.says(R"("liveBytes":16777216,)"));
}

TEST_CASE("a store that is not there or cannot be made is told of") {
    const TemporaryPath path;
    const Outcome uneven = run(std::string("--format --bytes 5000 --path ") + path.name);
    CHECK(uneven.status == 1);
    CHECK(uneven.says("cannot be made: INVALID_ARGUMENT."));
    const Outcome outcome = run("--path /tmp/ashlar-no-such-file");
    CHECK(outcome.status == 1);
    CHECK(outcome.says("/tmp/ashlar-no-such-file cannot be opened: NOT_FOUND."));
}
