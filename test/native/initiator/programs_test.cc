// The programs as they are run: their exit status, their JSON, their sentences.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/wait.h>

#include "initiator/fake_controller.h"

namespace {

struct Outcome {
    int status = -1;
    std::string output;  // Both of its outputs.

    [[nodiscard]] bool says(const std::string& text) const {
        return output.find(text) != std::string::npos;
    }
};

Outcome run(const std::string& program, const std::string& words) {
    Outcome outcome;
    const std::string command = PROGRAMS_FOLDER "/" + program + " " + words + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "re");
    REQUIRE(pipe != nullptr);
    char line[4096];
    while (std::fgets(line, sizeof(line), pipe) != nullptr) {
        outcome.output += line;
    }
    outcome.status = WEXITSTATUS(pclose(pipe));
    return outcome;
}

}  // namespace

TEST_CASE("every program explains itself, and says in a sentence what is wrong") {
    for (const char* program : {"load-generator", "tcp-echo"}) {
        CAPTURE(program);
        const Outcome help = run(program, "--help");
        CHECK(help.status == 0);
        CHECK(help.says("Usage: " + std::string(program)));
        CHECK(help.says("--depth"));
        const Outcome wrong = run(program, "--depth 0");
        CHECK(wrong.status == 2);
        CHECK(wrong.says("--depth takes a number, 1 to "));
    }
    CHECK(run("load-generator", "").says("--subsystem is needed"));
}

TEST_CASE("the load generator reports a load, and fails when nobody is there") {
    const fake::Controller controller;
    const std::string common = "--subsystem nqn.2024-01.test:volume --operations 100 --verify ";
    const Outcome good =
        run("load-generator", common + "--port " + std::to_string(controller.port()));
    CHECK(good.status == 0);
    CHECK(good.says(R"("operations":100,)"));
    CHECK(good.says(R"("ok":true)"));
    const Outcome bad = run("load-generator", common + "--port 1");
    CHECK(bad.status == 1);
    CHECK(bad.says("could not connect (Connection refused)"));
}

TEST_CASE("the echo exchanges messages of the sizes asked for") {
    const Outcome outcome =
        run("tcp-echo", "--request-bytes 72 --response-bytes 4120 --depth 4 --seconds 1");
    CHECK(outcome.status == 0);
    CHECK(outcome.says(R"("responseBytes":4120)"));
    CHECK_FALSE(outcome.says(R"("iops":0.000)"));
}
